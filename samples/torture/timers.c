// SPDX-License-Identifier: GPL-2.0
/*
 * Timers; see timers.h.
 *
 * They come and go with their CPU: started there by the CPU when it has come up, cancelled
 * before it goes down.
 */
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include "../../bench/random.h"
#include "../../compat/hrtimer.h"
#include "actor.h"
#include "gate.h"
#include "nmi.h"
#include "timers.h"

/*
 * From the end of one to the next: so many microseconds, and so many times as long as the last
 * one took. Where checkers make everything slow, the threads have to get on as well.
 */
#define LEAST_PAUSE	50
#define MOST_PAUSE	400
#define PAUSE_TIMES	4

/**
 * struct ticker - one timer of one CPU
 * @timer: the timer
 * @actor: who acts when it fires; its random numbers are the timer's too
 */
struct ticker {
	struct hrtimer timer;
	struct actor actor;
};

static DEFINE_PER_CPU(struct ticker[2], tickers);

static const enum hrtimer_mode modes[2] = {
	HRTIMER_MODE_REL_PINNED_SOFT, HRTIMER_MODE_REL_PINNED_HARD,
};

/* Set before the timers start. */
static bool wanted[2];
static int state = -1;

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	struct ticker *ticker = container_of(timer, struct ticker, timer);
	struct rnd_state *rnd = &ticker->actor.rnd;
	u64 pause = random_between(rnd, LEAST_PAUSE, MOST_PAUSE);
	u32 turns = random_between(rnd, 1, 3);
	ktime_t began = ktime_get(), ended;

	for (; turns && gate_enter(); turns--) {
		actor_act(&ticker->actor);
		gate_leave();
	}
	/* An NMI in an interrupt, which itself may have come inside a section. */
	if (ticker->actor.context == IN_HARDIRQ && random_chance(rnd, 25))
		nmi_poke(smp_processor_id());
	ended = ktime_get();
	pause += PAUSE_TIMES * ktime_us_delta(ended, began);
	hrtimer_set_expires(timer, ktime_add_us(ended, pause));
	return HRTIMER_RESTART;
}

static int cpu_up(unsigned int cpu)
{
	ktime_t first = ns_to_ktime(MOST_PAUSE * NSEC_PER_USEC);
	struct ticker *ticker = per_cpu(tickers, cpu);
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (wanted[i])
			hrtimer_start(&ticker[i].timer, first, modes[i]);
	return 0;
}

static int cpu_down(unsigned int cpu)
{
	struct ticker *ticker = per_cpu(tickers, cpu);
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (wanted[i])
			hrtimer_cancel(&ticker[i].timer);
	return 0;
}

int timers_start(bool soft, bool hard)
{
	unsigned int cpu, i;
	int err;

	wanted[0] = soft;
	wanted[1] = hard;
	for_each_possible_cpu(cpu) {
		struct ticker *ticker = per_cpu(tickers, cpu);

		for (i = 0; i < 2; i++) {
			actor_init(&ticker[i].actor, i ? IN_HARDIRQ : IN_SOFTIRQ, cpu);
			hrtimer_setup(&ticker[i].timer, tick, CLOCK_MONOTONIC, modes[i]);
		}
	}
	err = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "dualtree:torture", cpu_up, cpu_down);
	if (err < 0)
		return err;
	state = err;
	return 0;
}

void timers_stop(void)
{
	if (state >= 0)
		cpuhp_remove_state(state);
	state = -1;
}
