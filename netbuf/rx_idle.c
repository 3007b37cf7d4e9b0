// SPDX-License-Identifier: GPL-2.0
/*
 * Reaping when nothing is received: by a timer, and under memory pressure.
 *
 *	a tracker	the timer and the shrinker
 *	with a NAPI	schedule it: its poll reaps, and no lock is needed. If nothing was received
 *			since the timer last expired, it looks at more than the driver says, which
 *			counts the packets of the poll
 *	  without slots	schedule a NAPI of our own, which takes the lock: the driver's is disabled,
 *			perhaps for long
 *	without		reap
 *
 * A packet that was read on another CPU waits for a receive softirq on the one that received it
 * (skb_attempt_defer_free()), and no CPU is interrupted for it. So the timer of a tracker with a
 * NAPI runs on the CPU of its last poll; and while no packet comes, a NAPI is scheduled on all CPUs
 * on which the tracker's has polled, in turn. The timer's period doubles meanwhile.
 *
 * The timer starts itself again while packets hold anything: a NAPI that is disabled at the time
 * does not poll.
 *
 * Softirq and process context. Locks: trackers_lock, a mutex that is only tried under memory
 * pressure; in it that of a tracker.
 */
#include <linux/bottom_half.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/smp.h>
#include "../compat/napi.h"
#include "../compat/shrinker.h"
#include "../compat/timer.h"
#include "rx.h"

/* Jiffies between two looks: 20 ms, as long as packets come, to 2 s. */
#define DELAY_MIN	(HZ / 50 ?: 1)
#define DELAY_MAX	(2 * HZ)

/* Guards the list of trackers. */
static DEFINE_MUTEX(trackers_lock);
static LIST_HEAD(trackers);
static struct shrinker *shrinker;

/* The device of our own NAPIs. */
static struct net_device *reaper_dev;

/* Reap part of what packets hold, unless the tracker's own NAPI has taken over. */
static void reap_without_slots(struct dualtree_rx *rx)
{
	unsigned long flags;

	spin_lock_irqsave(&rx->lock, flags);
	if (!rx->polled)
		dt_held_reap(&rx->held, RX_REAP_MAX, true);
	spin_unlock_irqrestore(&rx->lock, flags);
}

static int reaper_poll(struct napi_struct *napi, int budget)
{
	struct dualtree_rx *rx = container_of(napi, struct dualtree_rx, reaper);
	unsigned int done;

	for (done = 0; done < RX_REAP_IDLE && done < dt_held_nr(&rx->held); done += RX_REAP_MAX)
		reap_without_slots(rx);
	napi_complete_done(napi, 0);
	return 0;
}

static void schedule_napi(struct dualtree_rx *rx)
{
	napi_schedule(READ_ONCE(rx->polled) ? rx->napi : &rx->reaper);
}

static void reap_idle(struct dualtree_rx *rx)
{
	if (rx->napi)
		schedule_napi(rx);
	else
		dualtree_rx_reap(rx, min_t(unsigned long, dt_held_nr(&rx->held), RX_REAP_IDLE));
}

/* Return: the next one of the CPUs on which the NAPI of a tracker has polled. */
static unsigned int next_cpu(struct dualtree_rx *rx)
{
	/* A CPU may go down or come up meanwhile, or poll for the first time. */
	unsigned int cpu = data_race(cpumask_next_and(rx->visited, &rx->cpus, cpu_online_mask));

	if (cpu >= nr_cpu_ids) {
		/* As above. */
		cpu = data_race(cpumask_first_and(&rx->cpus, cpu_online_mask));
	}
	if (cpu >= nr_cpu_ids)
		cpu = smp_processor_id();
	rx->visited = cpu;
	return cpu;
}

static void visit_cpu(struct work_struct *work)
{
	struct dualtree_rx *rx = container_of(work, struct dualtree_rx, visit);

	local_bh_disable();
	schedule_napi(rx);
	local_bh_enable();
}

/*
 * The timer has expired: it starts again if there is anything to look for, else with the next
 * packet. One that is given meanwhile, under the lock, is seen here or finds no timer pending.
 */
static void start_again(struct dualtree_rx *rx)
{
	unsigned long flags;

	spin_lock_irqsave(&rx->lock, flags);
	if (!dt_held_nr(&rx->held))
		WRITE_ONCE(rx->delay, DELAY_MIN);
	rx_start_timer(rx);
	spin_unlock_irqrestore(&rx->lock, flags);
}

static void timer_expired(struct timer_list *timer)
{
	struct dualtree_rx *rx = container_of(timer, struct dualtree_rx, timer);
	u64 packets = READ_ONCE(rx->packets);

	WRITE_ONCE(rx->idle, packets == rx->seen);
	if (packets == rx->seen)
		WRITE_ONCE(rx->delay, min_t(unsigned long, rx->delay * 2, DELAY_MAX));
	else
		WRITE_ONCE(rx->delay, DELAY_MIN);
	if (rx->napi && packets == rx->seen)
		schedule_work_on(next_cpu(rx), &rx->visit);
	else
		reap_idle(rx);
	rx->seen = packets;
	start_again(rx);
}

/* Set up the timer of a new tracker and make the shrinker know it. May sleep. */
void dt_rx_timer_init(struct dualtree_rx *rx)
{
	rx->delay = DELAY_MIN;
	if (rx->napi) {
		netif_napi_add(reaper_dev, &rx->reaper, reaper_poll);
		napi_enable(&rx->reaper);
	}
	INIT_WORK(&rx->visit, visit_cpu);
	timer_setup(&rx->timer, timer_expired, rx->napi ? TIMER_PINNED : 0);
	mutex_lock(&trackers_lock);
	list_add(&rx->all, &trackers);
	mutex_unlock(&trackers_lock);
}

/* Undo dt_rx_timer_init(). No packet is given to the tracker any more. May sleep. */
void dt_rx_timer_exit(struct dualtree_rx *rx)
{
	mutex_lock(&trackers_lock);
	list_del(&rx->all);
	mutex_unlock(&trackers_lock);
	if (rx->napi)
		napi_disable(&rx->reaper);
	timer_delete_sync(&rx->timer);
	cancel_work_sync(&rx->visit);
	if (rx->napi)
		netif_napi_del(&rx->reaper);
}

/* Pages that packets of all trackers hold, or have released: which, only a look tells. */
static unsigned long shrink_count(struct shrinker *unused, struct shrink_control *sc)
{
	struct dualtree_rx *rx;
	size_t bytes = 0;

	if (!mutex_trylock(&trackers_lock))
		return 0;
	list_for_each_entry(rx, &trackers, all)
		bytes += READ_ONCE(rx->held.bytes);
	mutex_unlock(&trackers_lock);
	return bytes >> PAGE_SHIFT;
}

/* All trackers reap what packets have released. The instances' own shrinker then returns it. */
static unsigned long shrink_scan(struct shrinker *unused, struct shrink_control *sc)
{
	struct dualtree_rx *rx;

	if (!mutex_trylock(&trackers_lock))
		return SHRINK_STOP;
	local_bh_disable();
	list_for_each_entry(rx, &trackers, all)
		if (dt_held_nr(&rx->held))
			reap_idle(rx);
	local_bh_enable();
	mutex_unlock(&trackers_lock);
	return SHRINK_STOP;
}

/* Return: 0 or -ENOMEM. */
int dt_rx_idle_init(void)
{
	reaper_dev = dt_alloc_netdev_dummy();
	if (!reaper_dev)
		return -ENOMEM;
	shrinker = dt_shrinker_create(shrink_count, shrink_scan, NULL, "dualtree_rx");
	if (shrinker)
		return 0;
	dt_free_netdev_dummy(reaper_dev);
	return -ENOMEM;
}

void dt_rx_idle_exit(void)
{
	dt_shrinker_free(shrinker);
	dt_free_netdev_dummy(reaper_dev);
}
