/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What runs on a CPU: one context at a time.
 *
 *	task  --> interrupt, between any two of its steps unless it has disabled them
 *	either --> NMI, between any two steps whatever
 *
 * Each context is a process. It may only go on while its CPU is at its level, so what
 * interrupts runs to its end before what was interrupted goes on. NR_CPUS comes from the
 * model that includes this; process n stands on CPU n % NR_CPUS.
 *
 * A statement is a step, and each touches shared memory once. Memory is sequentially
 * consistent here; where that is not enough, the litmus tests say so.
 */
#define TASK	0
#define IRQ	1
#define NMI	2

#define CPU	(_pid % NR_CPUS)

byte level[NR_CPUS];
bool irqs_off[NR_CPUS];
/* Contexts that have done all they had to do. */
byte finished;

/* The task that runs may be any of its CPU's, unless one has disabled preemption. */
byte preempt_off[NR_CPUS];
#define TASK_RUNS	(level[CPU] == TASK && \
			 (preempt_off[CPU] == 0 || preempt_off[CPU] == _pid + 1))
#define IRQ_RUNS	(level[CPU] <= IRQ)

#define preempt_disable()	preempt_off[CPU] = _pid + 1
#define preempt_enable()	preempt_off[CPU] = 0

inline irq_enter()
{
	atomic { level[CPU] == TASK && !irqs_off[CPU] -> level[CPU] = IRQ }
}

inline irq_exit()
{
	level[CPU] = TASK
}

inline nmi_enter(was)
{
	atomic { level[CPU] != NMI -> was = level[CPU]; level[CPU] = NMI }
}

inline nmi_exit(was)
{
	d_step { level[CPU] = was; was = 0 }
}
