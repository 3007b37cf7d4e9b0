/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contexts: a CPU runs one at a time.
 *
 *	task             --> interrupt, between any two steps, unless interrupts are disabled
 *	task, interrupt  --> NMI, between any two steps
 *
 * Each context is a process. It runs only while its CPU is at its level, so an interrupt ends
 * before the context that it interrupted continues. The including model defines NR_CPUS;
 * process n runs on CPU n % NR_CPUS.
 *
 * A statement is a step and accesses shared memory once. Memory is sequentially consistent;
 * the litmus tests cover the rest.
 */
#define TASK	0
#define IRQ	1
#define NMI	2

#define CPU	(_pid % NR_CPUS)

byte level[NR_CPUS];
bool irqs_off[NR_CPUS];
/* Contexts that have ended. */
byte finished;

/* Any task of a CPU may run, unless one has disabled preemption. */
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
