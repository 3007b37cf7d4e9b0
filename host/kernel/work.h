/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel does later, or when it asks: time, works, RCU, shrinkers, notifiers, cgroups. All
 * of it happens when the test calls a host_ function, in none of the core's calls. See work.c.
 */
#ifndef DUALTREE_HOST_WORK_H
#define DUALTREE_HOST_WORK_H

#include "list.h"

#define HZ			1000
#define msecs_to_jiffies(ms)	((unsigned long)(ms))
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define time_before(a, b)	((long)((a) - (b)) < 0)
#define DEFAULT_RATELIMIT_INTERVAL	(5 * HZ)
#define DEFAULT_RATELIMIT_BURST		10

extern unsigned long host_jiffies;
#define jiffies			READ_ONCE(host_jiffies)

struct irq_work {
	void (*fn)(struct irq_work *work);
	struct irq_work *next;
	bool queued;
};

#define IRQ_WORK_INIT(f)	{ .fn = (f) }

void init_irq_work(struct irq_work *work, void (*fn)(struct irq_work *work));
bool irq_work_queue(struct irq_work *work);
void irq_work_sync(struct irq_work *work);

struct work_struct {
	void (*fn)(struct work_struct *work);
	struct work_struct *next;
	unsigned long due;
	bool queued;
};

struct delayed_work {
	struct work_struct work;
};

struct workqueue_struct {
	const char *name;
};

#define WQ_MEM_RECLAIM		1
#define WQ_UNBOUND		2

extern struct workqueue_struct *system_wq, *system_unbound_wq;

#define DECLARE_WORK(name, f)		struct work_struct name = { .fn = (f) }
#define DECLARE_DELAYED_WORK(name, f)	struct delayed_work name = { .work = { .fn = (f) } }
#define INIT_DELAYED_WORK(w, f)		((w)->work = (struct work_struct){ .fn = (f) })
#define to_delayed_work(w)		container_of(w, struct delayed_work, work)
#define delayed_work_pending(w)		READ_ONCE((w)->work.queued)

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags, int max);
void destroy_workqueue(struct workqueue_struct *wq);
bool host_queue(struct work_struct *work, unsigned long delay, bool move);
void host_work_end(struct work_struct *work, bool run);

#define queue_work(wq, w)		((void)(wq), host_queue(w, 0, false))
#define schedule_work(w)		host_queue(w, 0, false)
#define queue_delayed_work(wq, w, d)	((void)(wq), host_queue(&(w)->work, d, false))
#define mod_delayed_work(wq, w, d)	((void)(wq), host_queue(&(w)->work, d, true))
#define cancel_work_sync(w)		host_work_end(w, false)
#define cancel_delayed_work_sync(w)	host_work_end(&(w)->work, false)
#define flush_delayed_work(w)		host_work_end(&(w)->work, true)

/* Run what is queued: irq_works; then works that are due after @ms more. */
void host_run_irq_works(void);
void host_pass_time(unsigned long ms);

struct rcu_head {
	struct rcu_head *next;
	void (*fn)(struct rcu_head *head);
};

void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head));
void synchronize_rcu(void);
#define rcu_barrier()			synchronize_rcu()

/* Callbacks that are queued. */
extern unsigned int host_rcu_queued;

#define kfree_rcu(p, member)		((void)(p)->member, synchronize_rcu(), kfree(p))

struct shrink_control {
	gfp_t gfp_mask;
	unsigned long nr_to_scan;
};

struct shrinker {
	unsigned long (*count_objects)(struct shrinker *s, struct shrink_control *sc);
	unsigned long (*scan_objects)(struct shrinker *s, struct shrink_control *sc);
	int seeks;
	struct list_head node;
};

#define DEFAULT_SEEKS		2
#define SHRINK_STOP		(~0UL)

int register_shrinker(struct shrinker *s, const char *format, ...);
void unregister_shrinker(struct shrinker *s);
extern bool host_is_kswapd;
#define current_is_kswapd()	host_is_kswapd

/* Ask all shrinkers once, as reclaim does. */
void host_shrink(bool kswapd);

#define CPUHP_BP_PREPARE_DYN	1
enum cpuhp_state { CPUHP_INVALID = -1 };

int cpuhp_setup_state_nocalls(int state, const char *name, int (*up)(unsigned int cpu),
			      int (*dead)(unsigned int cpu));
void cpuhp_remove_state_nocalls(int state);

/* Take a CPU offline, and bring it back. */
void host_cpu_offline(int cpu);
void host_cpu_online(int cpu);

struct notifier_block {
	int (*notifier_call)(struct notifier_block *nb, unsigned long action, void *data);
};

struct memory_notify {
	unsigned long start_pfn, nr_pages;
};

#define MEM_GOING_ONLINE	1
#define NOTIFY_OK		1
#define MEM_ONLINE		8

int register_memory_notifier(struct notifier_block *nb);
void unregister_memory_notifier(struct notifier_block *nb);

/* Plug memory in, with an event of it or without, and out again: none of it is used. */
void host_plug(unsigned long action);
void host_unplug(void);

struct mem_cgroup {
	int refs;
};

struct mm_struct {
	struct mem_cgroup *memcg;
};

struct task_struct {
	struct mm_struct *mm;
};

extern struct task_struct *host_current;
#define current			host_current

struct mem_cgroup *get_mem_cgroup_from_mm(struct mm_struct *mm);
void mem_cgroup_put(struct mem_cgroup *memcg);
struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg);

#endif /* DUALTREE_HOST_WORK_H */
