// SPDX-License-Identifier: GPL-2.0
/*
 * The test of heaps: random calls on several instances by several CPUs and from interrupts, checked
 * against the model (model.h), with all that the kernel does meanwhile.
 */
#include <dualtree/fault.h>
#include "../../dualtree/percpu.h"
#include "../../dualtree/remote.h"
#include "../core.h"
#include "ops.h"

const char *const host_test_name = "heap";

void host_test_begin(void)
{
	u32 i;

	host_core_begin();
	host_stray = host_one_in(4);
	host_init_on_free = host_one_in(8);
	host_init_on_alloc = host_one_in(8);
	host_nohz_full = host_one_in(8) ? 0x8 : 0;
	host_sizes = host_choose(7);
	for (i = 0; i < SUBJECTS; i++)
		host_subject_create(&host_subjects[i]);
}

void host_test_end(void)
{
	u32 i;

	host_core_quiesce();
	for (i = 0; i < SUBJECTS; i++) {
		struct subject *s = &host_subjects[i];

		if (!s->dt)
			continue;
		host_subject_check(s);
		host_subject_destroy(s);
	}
	host_pool_end();
	host_tree_end();
	host_core_end();
}

/* After a shrink nothing is held that no byte lives in. */
static void shrink(struct subject *s)
{
	struct dualtree_stats stats;

	dualtree_shrink(s->dt);
	dualtree_get_stats(s->dt, &stats);
	host_assert(s->live || !stats.held_bytes);
	host_assert(stats.region_gets - stats.region_puts == stats.regions);
}

static void toggle_faults(void)
{
	static const u32 every[] = { 0, 0, 1, 2, 3, 7, 50 };

	/* By the kernel, or by the core's own injection. */
	host_fail_every = every[host_choose(ARRAY_SIZE(every))];
	dualtree_fail_every(host_one_in(2) ? host_fail_every : 0);
	dualtree_fail_above(host_one_in(8) ? host_choose(10) : UINT_MAX);
	host_fail_above = host_one_in(3) ? host_choose(10) : UINT_MAX;
}

static void hotplug(void)
{
	int cpu = host_choose(HOST_CPUS);

	if (!cpu_online(cpu))
		host_cpu_online(cpu);
	else if (cpu != host_now.cpu)
		host_cpu_offline(cpu);
}

static void move(void)
{
	do {
		host_now.cpu = host_choose(HOST_CPUS);
		/* Without bytes left every choice is 0: CPU 0 may be offline then. */
		host_online.bits |= BIT(host_now.cpu);
	} while (!cpu_online(host_now.cpu));
}

/* As a write to the module's parameter. */
static void set_idle_ms(u32 ms)
{
	char text[16];

	host_assert(host_param_idle_ms()->set("soon", NULL) == -EINVAL);
	snprintf(text, sizeof(text), "%u", ms);
	host_assert(!host_param_idle_ms()->set(text, NULL));
}

/* What is rare: the machine changes, or what is chosen from then on. */
static void rare_change(struct subject *s, u32 kind)
{
	switch (kind) {
	case 2:
		hotplug();
		break;
	case 3:
		toggle_faults();
		break;
	case 4:
		host_hotplug_busy = host_one_in(2);
		break;
	case 5:
		host_tracing = host_one_in(4);
		break;
	case 9:
		host_sizes = host_choose(7);
		break;
	case 10:
	case 11:
		host_pass_time(host_choose(3000));
		break;
	case 12:
	case 13:
		s->target = host_one_in(3) ? 0 : 1U << host_choose(12);
		break;
	case 14:
	case 15:
		synchronize_rcu();
		break;
	case 25:
		set_idle_ms(host_one_in(2) ? 0 : 1 + host_choose(3000));
		dt_shared_calls = host_one_in(2) ? 0 : host_choose(100);
		break;
	default:
		host_op_bad_free(s);
	}
}

/* The same, or a call that is rare. */
static void rare_step(struct subject *s)
{
	u32 kind = host_choose(26);

	switch (kind) {
	case 0:
		shrink(s);
		break;
	case 1:
		host_shrink(host_one_in(2));
		break;
	case 6:
		host_subject_check(s);
		break;
	case 7:
		if (host_one_in(4))
			host_subject_destroy(s);
		break;
	case 8:
		host_op_ask(s);
		break;
	case 24:
		host_op_many();
		break;
	default:
		rare_change(s, kind);
	}
}

static void call_step(struct subject *s)
{
	bool more = s->nr < s->target;
	u32 kind = host_choose(32);

	host_nested_arm();
	if (kind < (more ? 17 : 8))
		host_op_alloc(s);
	else if (kind < 25)
		host_op_free(s);
	else if (kind < 27)
		host_op_extend(s);
	else if (kind < 29)
		host_op_realloc(s);
	else if (kind < 30 && more)
		host_op_alloc_bulk(s);
	else if (kind < 31)
		host_op_free_bulk(s);
	else
		host_run_irq_works();
	host_nested_end();
	/* The shared heap has no owner that drains it later; what is too much is begun with. */
	host_assert(s->dt->shared.pending || !heap_has_remote(&s->dt->shared));
}

void host_test_step(void)
{
	struct subject *s = &host_subjects[host_choose(SUBJECTS)];

	if (host_one_in(8))
		move();
	if (!s->dt)
		host_subject_create(s);
	else if (host_one_in(128))
		rare_step(s);
	else if (host_stray && host_one_in(16))
		host_op_stray(s);
	else if (host_one_in(64))
		host_pool_step();
	else if (host_one_in(64))
		host_tree_step();
	else
		call_step(s);
	host_assert(!host_now.preempt && !host_now.irqs_off && !host_now.locks);
	/* A fuzzer's rounds are short, and it keeps the shortest input that fails. */
	if (host_bytes.at && s->dt)
		host_subject_check(s);
	if (host_rcu_queued > 64)
		synchronize_rcu();
}
