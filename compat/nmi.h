/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NMIs that a test sends, and how their handler tells them from others.
 *
 * x86 sends them through the local APIC: by its driver up to 6.5, by a static call from 6.6 on.
 * Other architectures have none.
 *
 * An NMI does not tell its source. So the sender marks a CPU before it sends, and the handler
 * there claims the mark:
 *
 *	        send               ours
 *	IDLE ----------> SENT ----------> SEEN --.
 *	  ^                ^------ send ----'    | a second NMI: ONE_MORE
 *	  '--------------------------------------'
 *
 * A foreign NMI between mark and send claims the mark, and ours then is the second one. Two
 * NMIs that arrive together are handled once. So each send explains at most two NMIs.
 */
#ifndef DUALTREE_COMPAT_NMI_H
#define DUALTREE_COMPAT_NMI_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/errno.h>

#if defined(CONFIG_X86_64) && defined(CONFIG_X86_LOCAL_APIC)

#include <linux/cpufeature.h>
#include <asm/apic.h>
#include <asm/irq_vectors.h>
#include <asm/nmi.h>

static inline bool dt_nmi_available(void)
{
	return boot_cpu_has(X86_FEATURE_APIC);
}

static inline void dt_nmi_raise(unsigned int cpu)
{
#if DT_HAVE_APIC_SEND_IPI_MASK
	__apic_send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
#else
	apic->send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
#endif
}

/* @fn: int fn(unsigned int type, struct pt_regs *regs). Return: 0 or a negative errno. */
#define dt_nmi_register(fn, name)	register_nmi_handler(NMI_LOCAL, fn, 0, name)

static inline void dt_nmi_unregister(const char *name)
{
	unregister_nmi_handler(NMI_LOCAL, name);
}

#else

#define NMI_DONE	0
#define NMI_HANDLED	1

static inline bool dt_nmi_available(void)
{
	return false;
}

static inline void dt_nmi_raise(unsigned int cpu)
{
}

#define dt_nmi_register(fn, name)	((void)(fn), (void)(name), -EOPNOTSUPP)

static inline void dt_nmi_unregister(const char *name)
{
}

#endif

enum dt_nmi_state { DT_NMI_IDLE, DT_NMI_SENT, DT_NMI_SEEN };

enum dt_nmi_kind { DT_NMI_FOREIGN, DT_NMI_OURS, DT_NMI_ONE_MORE };

/**
 * dt_nmi_send() - send an NMI to a CPU
 * @state: the CPU's mark; initially DT_NMI_IDLE
 * @cpu: the CPU
 *
 * Context: Any, with preemption off, so that an online CPU stays online.
 * Return: true if it was sent; false if one is in flight to that CPU, or the CPU is offline.
 */
static inline bool dt_nmi_send(atomic_t *state, unsigned int cpu)
{
	int was = atomic_read(state);

	if (was == DT_NMI_SENT || !cpu_online(cpu) ||
	    atomic_cmpxchg(state, was, DT_NMI_SENT) != was)
		return false;
	dt_nmi_raise(cpu);
	return true;
}

/* Classify an NMI, in its handler. @state: this CPU's mark. */
static inline enum dt_nmi_kind dt_nmi_claim(atomic_t *state)
{
	if (atomic_cmpxchg(state, DT_NMI_SENT, DT_NMI_SEEN) == DT_NMI_SENT)
		return DT_NMI_OURS;
	if (atomic_cmpxchg(state, DT_NMI_SEEN, DT_NMI_IDLE) == DT_NMI_SEEN)
		return DT_NMI_ONE_MORE;
	return DT_NMI_FOREIGN;
}

#endif /* DUALTREE_COMPAT_NMI_H */
