// SPDX-License-Identifier: GPL-2.0
/*
 * Faults on purpose, for scripts/test --self-check: the parameter fault names one, the suite
 * commits it, and the harness must find it for the reason that scripts/lib/selfcheck.sh names.
 *
 * Each fault is a function of the table at the end. "good", "marked" and "held" are the controls:
 * they do nothing wrong, and the run must be good. What a fault keeps is released when the module
 * goes, so that the harness can look for leaks between the suite's end and that.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <dualtree/dualtree.h>

static char *fault;
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "what goes wrong: a name of the table of faults");

static ulong seed;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "taken as a randomized suite takes it, and not used");

static void selfcheck_good(struct kunit *test)
{
}

static void selfcheck_assert(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 2 + 2, 5);
}

static void selfcheck_warn(struct kunit *test)
{
	WARN(true, "selfcheck: a warning on purpose\n");
}

static void selfcheck_oops(struct kunit *test)
{
	int *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	WRITE_ONCE(*nowhere, 1);
}

static void selfcheck_hang(struct kunit *test)
{
	for (;;)
		msleep(1000);
}

/* The console check finds nothing in what this prints: the taint itself must be found. */
static void selfcheck_taint(struct kunit *test)
{
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
}

static DEFINE_MUTEX(selfcheck_first);
static DEFINE_MUTEX(selfcheck_second);

/* Both orders, one after the other: nothing blocks, and lockdep must see that something could. */
static void selfcheck_lockdep(struct kunit *test)
{
	mutex_lock(&selfcheck_first);
	mutex_lock(&selfcheck_second);
	mutex_unlock(&selfcheck_second);
	mutex_unlock(&selfcheck_first);

	mutex_lock(&selfcheck_second);
	mutex_lock(&selfcheck_first);
	mutex_unlock(&selfcheck_first);
	mutex_unlock(&selfcheck_second);
}

struct selfcheck_locked {
	spinlock_t lock; /* protects nothing: it is only taken */
};

/* One place of initialization, so that both locks are of one class. */
static void selfcheck_init_lock(struct selfcheck_locked *obj)
{
	spin_lock_init(&obj->lock);
}

/* Two locks of a class: the report for a lock that is taken twice, from a machine that goes on. */
static void selfcheck_relock(struct kunit *test)
{
	struct selfcheck_locked a, b;

	selfcheck_init_lock(&a);
	selfcheck_init_lock(&b);
	spin_lock(&a.lock);
	spin_lock(&b.lock);
	spin_unlock(&b.lock);
	spin_unlock(&a.lock);
}

static int __rcu *selfcheck_pointer;

static void selfcheck_rcu(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, rcu_dereference(selfcheck_pointer));
}

static void selfcheck_atomic(struct kunit *test)
{
	preempt_disable();
	might_sleep();
	preempt_enable();
}

static void selfcheck_oob(struct kunit *test)
{
	char *object = kmalloc(100, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, object);
	/* The compiler would refuse an overrun that it can see. */
	OPTIMIZER_HIDE_VAR(object);
	object[100] = 1;
	kfree(object);
}

static void selfcheck_ubsan(struct kunit *test)
{
	int width = 40;
	u32 one = 1;

	OPTIMIZER_HIDE_VAR(width);
	OPTIMIZER_HIDE_VAR(one);
	KUNIT_EXPECT_GE(test, (u64)(one << width), 0ULL);
}

struct selfcheck_armed {
	struct timer_list timer;
};

static void selfcheck_expired(struct timer_list *timer)
{
}

/* A timer is freed while it is armed. */
static void selfcheck_odebug(struct kunit *test)
{
	struct selfcheck_armed *armed = kzalloc(sizeof(*armed), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, armed);
	timer_setup(&armed->timer, selfcheck_expired, 0);
	mod_timer(&armed->timer, jiffies + 3600 * HZ);
	kfree(armed);
}

/* Objects that are lost: one alone could still be found in a stale stack slot. */
#define SELFCHECK_LOST	16

static noinline void selfcheck_lose(struct kunit *test)
{
	void *object = kmalloc(4000, GFP_KERNEL);

	KUNIT_EXPECT_NOT_NULL(test, object);
	OPTIMIZER_HIDE_VAR(object);
}

/* kmemleak must find them once the module is gone. */
static void selfcheck_leak(struct kunit *test)
{
	int i;

	for (i = 0; i < SELFCHECK_LOST; i++)
		selfcheck_lose(test);
}

/* Of the faults below, until the module goes. */
static struct dualtree *selfcheck_instance;

static void selfcheck_create(struct kunit *test)
{
	selfcheck_instance = dualtree_create("selfcheck", NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(selfcheck_instance));
}

/* Bytes of an allocation, and the range of it that is freed. */
#define UAF_SIZE	1000
#define UAF_FROM	300
#define UAF_TO		700

static noinline void selfcheck_touch_live(char *ptr)
{
	int i;

	for (i = 0; i < UAF_SIZE; i++)
		if (i < UAF_FROM || i >= UAF_TO)
			WRITE_ONCE(ptr[i], 1);
}

static noinline void selfcheck_touch_freed(char *ptr)
{
	READ_ONCE(ptr[UAF_FROM]);
}

/*
 * The first byte of a freed range is read: KASAN must report it, and nothing before it. What is
 * live on both sides, in the same granules, may be touched.
 */
static void selfcheck_part_uaf(struct kunit *test)
{
	char *ptr;

	selfcheck_create(test);
	ptr = dualtree_alloc(selfcheck_instance, UAF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ptr);
	KUNIT_EXPECT_EQ(test, dualtree_free(selfcheck_instance, ptr + UAF_FROM,
					    UAF_TO - UAF_FROM), 0);
	selfcheck_touch_live(ptr);
	selfcheck_touch_freed(ptr);
}

/*
 * Bytes of an allocation, and of its front, which is freed. Of 79 granules of 64 bytes the free
 * takes 31: what is left has a size, 3072, that no allocation of the kernel has.
 */
#define LEAK_SIZE	5000
#define LEAK_FRONT	2000

static noinline void selfcheck_lose_part(struct kunit *test)
{
	void *object = dualtree_alloc(selfcheck_instance, LEAK_SIZE, GFP_KERNEL);

	KUNIT_EXPECT_NOT_NULL(test, object);
	KUNIT_EXPECT_EQ(test, dualtree_free(selfcheck_instance, object, LEAK_FRONT), 0);
	OPTIMIZER_HIDE_VAR(object);
}

/* kmemleak must find what is left of them while their instance is there. */
static void selfcheck_part_leak(struct kunit *test)
{
	int i;

	selfcheck_create(test);
	for (i = 0; i < SELFCHECK_LOST; i++)
		selfcheck_lose_part(test);
}

#define HELD	16

/**
 * struct selfcheck_holder - lies in dualtree memory
 * @front: freed at once
 * @objects: the only pointers to them
 * @middle: freed at once
 * @last: the only pointer to one more
 * @tail: freed at once
 */
struct selfcheck_holder {
	char front[1000];
	void *objects[HELD];
	char middle[1000];
	void *last;
	char tail[1000];
};

/* Into what is left of the holder: where it began nothing is allocated any more. */
static void **selfcheck_objects;
static void **selfcheck_last;

/*
 * Objects whose only pointers lie in dualtree memory, in what partial frees have left of it, are
 * not lost. A function of its own, so that none of its pointers stays on the stack.
 */
static noinline void selfcheck_hold(struct kunit *test)
{
	struct dualtree *dt = selfcheck_instance;
	struct selfcheck_holder *holder = dualtree_alloc(dt, sizeof(*holder), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, holder);
	selfcheck_objects = holder->objects;
	selfcheck_last = &holder->last;
	for (i = 0; i < HELD; i++)
		holder->objects[i] = kmalloc(4000, GFP_KERNEL);
	holder->last = kmalloc(4000, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, holder->middle, sizeof(holder->middle)), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, holder->front, sizeof(holder->front)), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, holder->tail, sizeof(holder->tail)), 0);
}

static void selfcheck_held(struct kunit *test)
{
	selfcheck_create(test);
	selfcheck_hold(test);
}

/* Milliseconds that two threads race for: KCSAN looks at one access in thousands. */
#define RACE_MS	4000

static void (*selfcheck_body)(unsigned long thread);

static int selfcheck_thread(void *thread)
{
	while (!kthread_should_stop()) {
		selfcheck_body((unsigned long)thread);
		cond_resched();
	}
	return 0;
}

/* Two threads on two CPUs call @body over and over. */
static void selfcheck_two_threads(struct kunit *test, void (*body)(unsigned long thread))
{
	struct task_struct *tasks[2] = {};
	unsigned long i;

	KUNIT_ASSERT_GE(test, num_online_cpus(), 2);
	selfcheck_body = body;
	for (i = 0; i < 2; i++) {
		tasks[i] = kthread_create_on_cpu(selfcheck_thread, (void *)i, i, "selfcheck/%u");
		KUNIT_EXPECT_FALSE(test, IS_ERR(tasks[i]));
		if (!IS_ERR(tasks[i]))
			wake_up_process(tasks[i]);
	}
	msleep(RACE_MS);
	for (i = 0; i < 2; i++)
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
}

static unsigned long selfcheck_counted;

static noinline void selfcheck_count(unsigned long thread)
{
	selfcheck_counted++;
}

static void selfcheck_race(struct kunit *test)
{
	selfcheck_two_threads(test, selfcheck_count);
}

#define BITS	256

static DECLARE_BITMAP(selfcheck_map, BITS);

static void selfcheck_use_bitmap(unsigned long thread)
{
	unsigned int bits = BITS;

	/* A bitmap of a constant size is handled in place. */
	OPTIMIZER_HIDE_VAR(bits);
	if (thread)
		bitmap_set(selfcheck_map, 1, bits - 2);
	else
		bitmap_weight(selfcheck_map, bits);
}

/* Both accesses are in functions of the kernel: the report names our module in its frames alone. */
static void selfcheck_race_inside(struct kunit *test)
{
	selfcheck_two_threads(test, selfcheck_use_bitmap);
}

static void selfcheck_count_marked(unsigned long thread)
{
	/* The other thread writes it, too, and either value will do. */
	WRITE_ONCE(selfcheck_counted, READ_ONCE(selfcheck_counted) + thread);
}

static void selfcheck_marked(struct kunit *test)
{
	selfcheck_two_threads(test, selfcheck_count_marked);
}

#define FAULT(name)	{ #name, selfcheck_##name }

static const struct selfcheck_fault {
	const char *name;
	void (*commit)(struct kunit *test);
} selfcheck_faults[] = {
	FAULT(good), FAULT(assert), FAULT(warn), FAULT(oops), FAULT(hang), FAULT(taint),
	FAULT(lockdep), FAULT(relock), FAULT(rcu), FAULT(atomic),
	FAULT(oob), FAULT(ubsan), FAULT(odebug), FAULT(leak),
	FAULT(part_uaf), FAULT(part_leak), FAULT(held),
	FAULT(race), FAULT(race_inside), FAULT(marked),
};

/* The kernel's KUnit runs suites before it parses parameters: then the line itself tells. */
static bool selfcheck_asked(const char *name)
{
	size_t len = strlen(name);
	const char *at;

	if (fault)
		return !strcmp(fault, name);
	at = strstr(THIS_MODULE->args, "fault=");
	if (!at)
		return false;
	at += strlen("fault=");
	return !strncmp(at, name, len) && (!at[len] || isspace(at[len]));
}

static void selfcheck_commit(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(selfcheck_faults); i++) {
		if (selfcheck_asked(selfcheck_faults[i].name)) {
			selfcheck_faults[i].commit(test);
			return;
		}
	}
	KUNIT_FAIL(test, "there is no such fault");
}

static void selfcheck_skip(struct kunit *test)
{
	kunit_skip(test, "to see a skipped test");
}

static const int selfcheck_values[] = { 1, 2, 3 };

KUNIT_ARRAY_PARAM(selfcheck_value, selfcheck_values, NULL);

static void selfcheck_value(struct kunit *test)
{
	const int *value = test->param_value;

	KUNIT_EXPECT_GT(test, *value, 0);
}

static struct kunit_case selfcheck_cases[] = {
	KUNIT_CASE(selfcheck_commit),
	KUNIT_CASE(selfcheck_skip),
	KUNIT_CASE_PARAM(selfcheck_value, selfcheck_value_gen_params),
	{}
};

static struct kunit_suite selfcheck_suite = {
	.name = "dualtree_selfcheck",
	.test_cases = selfcheck_cases,
};

kunit_test_suite(selfcheck_suite);

static void __exit selfcheck_exit(void)
{
	int i;

	for (i = 0; selfcheck_objects && i < HELD; i++)
		kfree(selfcheck_objects[i]);
	if (selfcheck_last)
		kfree(*selfcheck_last);
	if (!IS_ERR_OR_NULL(selfcheck_instance))
		dualtree_destroy(selfcheck_instance);
}

module_exit(selfcheck_exit);

MODULE_DESCRIPTION("Self-check of the test harness: one fault on purpose");
MODULE_LICENSE("GPL");
