// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel does later: irq_works, works, RCU callbacks, shrinkers. Each is a list that a
 * test runs when it likes, in the context that the kernel would run it in.
 */
#include <kernel.h>

unsigned long host_jiffies = 1000 * HZ;
unsigned int host_rcu_queued;
bool host_is_kswapd;
struct workqueue_struct *system_wq, *system_unbound_wq;

static struct irq_work *irq_works;
static struct work_struct *works;
static struct rcu_head *callbacks;
static LIST_HEAD(shrinkers);
static int (*cpu_dead)(unsigned int cpu);
static struct notifier_block *memory_notifier;

static struct mem_cgroup cgroups[2];
static struct mm_struct current_mm = { .memcg = &cgroups[0] };
static struct task_struct current_task = { .mm = &current_mm };
struct task_struct *host_current = &current_task;

void init_irq_work(struct irq_work *work, void (*fn)(struct irq_work *work))
{
	*work = (struct irq_work){ .fn = fn };
}

bool irq_work_queue(struct irq_work *work)
{
	host_point();
	if (work->queued)
		return false;
	work->queued = true;
	work->next = irq_works;
	irq_works = work;
	return true;
}

/* Run the newest one, as an interrupt. */
static void run_irq_work(void)
{
	struct host_context was = host_now;
	struct irq_work *work = irq_works;

	irq_works = work->next;
	work->queued = false;
	host_now.hardirq = true;
	host_now.irqs_off++;
	work->fn(work);
	host_now = was;
}

void host_run_irq_works(void)
{
	while (irq_works)
		run_irq_work();
}

void irq_work_sync(struct irq_work *work)
{
	host_may_sleep();
	while (work->queued)
		run_irq_work();
}

struct workqueue_struct *alloc_workqueue(const char *name, unsigned int flags, int max)
{
	struct workqueue_struct *wq = kmalloc(sizeof(*wq), GFP_KERNEL);

	if (wq)
		wq->name = name;
	return wq;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	kfree(wq);
}

bool host_queue(struct work_struct *work, unsigned long delay, bool move)
{
	bool was = work->queued;

	if (!was) {
		work->queued = true;
		work->next = works;
		works = work;
	}
	if (!was || move)
		work->due = host_jiffies + delay;
	return !was;
}

static void unqueue(struct work_struct *work)
{
	struct work_struct **link = &works;

	while (*link != work)
		link = &(*link)->next;
	*link = work->next;
	work->queued = false;
}

void host_work_end(struct work_struct *work, bool run)
{
	host_may_sleep();
	if (!work->queued)
		return;
	unqueue(work);
	if (run)
		work->fn(work);
}

/* The work that is due first, by now; or NULL. */
static struct work_struct *first_due(void)
{
	struct work_struct *work, *first = NULL;

	for (work = works; work; work = work->next)
		if (time_after_eq(host_jiffies, work->due) &&
		    (!first || time_before(work->due, first->due)))
			first = work;
	return first;
}

void host_pass_time(unsigned long ms)
{
	struct work_struct *work;

	host_run_irq_works();
	host_jiffies += ms;
	while ((work = first_due())) {
		unqueue(work);
		work->fn(work);
		host_run_irq_works();
	}
}

void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	host_assert(!in_nmi());
	head->fn = fn;
	head->next = callbacks;
	callbacks = head;
	host_rcu_queued++;
}

void synchronize_rcu(void)
{
	struct rcu_head *head;

	/* A reader that waits for itself never ends. */
	host_may_sleep();
	while ((head = callbacks)) {
		callbacks = head->next;
		host_rcu_queued--;
		head->fn(head);
	}
}

int register_shrinker(struct shrinker *s, const char *format, ...)
{
	host_may_sleep();
	if (host_must_fail())
		return -ENOMEM;
	list_add_tail(&s->node, &shrinkers);
	return 0;
}

void unregister_shrinker(struct shrinker *s)
{
	list_del(&s->node);
}

void host_shrink(bool kswapd)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };
	struct shrinker *s;

	host_is_kswapd = kswapd;
	list_for_each_entry(s, &shrinkers, node) {
		sc.nr_to_scan = s->count_objects(s, &sc);
		if (sc.nr_to_scan)
			s->scan_objects(s, &sc);
	}
	host_is_kswapd = false;
}

int cpuhp_setup_state_nocalls(int state, const char *name, int (*up)(unsigned int cpu),
			      int (*dead)(unsigned int cpu))
{
	host_may_sleep();
	if (host_must_fail())
		return -ENOMEM;
	cpu_dead = dead;
	return state;
}

void cpuhp_remove_state_nocalls(int state)
{
	cpu_dead = NULL;
}

void host_cpu_offline(int cpu)
{
	host_assert(cpu != host_now.cpu);
	host_online.bits &= ~BIT(cpu);
	if (cpu_dead)
		cpu_dead(cpu);
}

void host_cpu_online(int cpu)
{
	host_online.bits |= BIT(cpu);
}

int register_memory_notifier(struct notifier_block *nb)
{
	host_may_sleep();
	if (host_must_fail())
		return -ENOMEM;
	memory_notifier = nb;
	return 0;
}

void unregister_memory_notifier(struct notifier_block *nb)
{
	host_assert(memory_notifier == nb);
	memory_notifier = NULL;
}

void host_plug(unsigned long action)
{
	struct memory_notify memory = {
		.start_pfn = HOST_FIRST_PFN + HOST_PLUGGED_FIRST,
		.nr_pages = HOST_ALL_PAGES - HOST_PLUGGED_FIRST,
	};

	host_assert(memory_notifier->notifier_call(memory_notifier, action, &memory) == NOTIFY_OK);
	host_plugged = true;
}

void host_unplug(void)
{
	unsigned long i;

	for (i = HOST_PLUGGED_FIRST; i < HOST_ALL_PAGES; i++)
		host_assert(!host_pages[i].refs);
	host_plugged = false;
}

struct mem_cgroup *get_mem_cgroup_from_mm(struct mm_struct *mm)
{
	mm->memcg->refs++;
	return mm->memcg;
}

void mem_cgroup_put(struct mem_cgroup *memcg)
{
	if (memcg)
		host_assert(memcg->refs-- > 0);
}

static struct mem_cgroup *active_memcg;

struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	struct mem_cgroup *old = active_memcg;

	active_memcg = memcg;
	return old;
}

bool host_active_memcg(void)
{
	return active_memcg;
}
