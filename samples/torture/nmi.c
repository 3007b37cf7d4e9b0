// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs; see nmi.h, and compat/nmi.h for how ours are known.
 */
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "../../compat/nmi.h"
#include "actor.h"
#include "gate.h"
#include "nmi.h"

/**
 * struct nmi_end - where NMIs of one CPU end
 * @state: its mark; see compat/nmi.h
 * @foreign: that came and were not ours
 * @actor: who acts in them; NMIs do not interrupt each other
 */
struct nmi_end {
	atomic_t state;
	unsigned long foreign;
	struct actor actor;
};

static DEFINE_PER_CPU(struct nmi_end, nmi_ends);

/* Cleared after all who poke have stopped; marked, since who starts early looks too. */
static bool sending;

static int nmi_arrived(unsigned int type, struct pt_regs *regs)
{
	struct nmi_end *end = this_cpu_ptr(&nmi_ends);
	enum dt_nmi_kind kind = dt_nmi_claim(&end->state);

	if (kind == DT_NMI_FOREIGN) {
		/* Others look at it at the end. */
		WRITE_ONCE(end->foreign, end->foreign + 1);
		return NMI_DONE;
	}
	if (kind == DT_NMI_OURS && gate_enter()) {
		actor_act(&end->actor);
		gate_leave();
	}
	return NMI_HANDLED;
}

#define NMI_NAME	"dualtree_torture"

int nmi_start(void)
{
	unsigned int cpu;
	int err;

	if (!dt_nmi_available())
		return -EOPNOTSUPP;
	for_each_possible_cpu(cpu)
		actor_init(&per_cpu(nmi_ends, cpu).actor, IN_NMI, cpu);
	err = dt_nmi_register(nmi_arrived, NMI_NAME);
	WRITE_ONCE(sending, !err);
	return err;
}

static bool any_under_way(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (atomic_read(&per_cpu(nmi_ends, cpu).state) == DT_NMI_SENT)
			return true;
	return false;
}

void nmi_stop(void)
{
	unsigned int tries = 1000;

	if (!sending)
		return;
	WRITE_ONCE(sending, false);
	/* One that arrived without a handler would be nobody's. */
	while (any_under_way() && tries--)
		schedule_timeout_uninterruptible(1);
	dt_nmi_unregister(NMI_NAME);
}

void nmi_poke(unsigned int cpu)
{
	if (!READ_ONCE(sending))
		return;
	/* A CPU that is online stays so while preemption is off. */
	preempt_disable();
	dt_nmi_send(&per_cpu(nmi_ends, cpu).state, cpu);
	preempt_enable();
}

unsigned long nmi_foreign(void)
{
	unsigned long sum = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(nmi_ends, cpu).foreign);
	return sum;
}
