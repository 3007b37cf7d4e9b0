/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dualtree_torture: what its files share.
 *
 * Bottom up; each file calls only those above it here:
 *
 *	report		seed, counters, the first failure, the result in debugfs
 *	instances	instances under test, and the accounting of their live bytes
 *	object		live bytes with known contents: allocate, check, free, pass on
 *	rendezvous	objects that share a granule, freed by two workers at the same moment
 *	ops		what a worker does in one iteration
 *	worker		threads, timers and NMIs that run iterations; quiescing them
 *	pipe		a producer and a consumer with a bounded number of bytes in flight
 *	gaps		what is free between live objects of an instance; stray writes to it
 *	stray		an instance with stray writes, and the ops on it
 *	stress		the stressors, and faults of its own that the torture must find
 *	main		parameters, the run, the final checks
 *
 * Contexts: what takes a worker, counts, accounts or reports a failure may be called in any
 * context, NMI included. Everything else may sleep, and the control thread of main.c calls it,
 * unless it says otherwise. "Quiesced" is from workers_quiesce() to workers_resume() and after
 * workers_stop(). An int is 0 or a negative errno.
 */
#ifndef DUALTREE_TORTURE_H
#define DUALTREE_TORTURE_H

#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "../bench/random.h"

struct dualtree;
struct dualtree_params;
struct dualtree_range;
struct rendezvous;

enum torture_context { IN_TASK, IN_SOFTIRQ, IN_HARDIRQ, IN_NMI, NR_CONTEXTS };

enum counter {
	ITERATIONS,
	ALLOCS,
	FAILED_ALLOCS,
	FREES,
	RENDEZVOUS,	/* objects freed at the same moment as their neighbours */
	SPANNED,	/* ranges freed that span two allocations */
	EXTENDED,	/* objects grown in place */
	NR_COUNTERS,
};

/* In the order of stress.c; the contexts come first. */
enum stressor {
	STRESS_TASK,
	STRESS_SOFTIRQ,
	STRESS_HARDIRQ,
	STRESS_NMI,
	STRESS_HOTPLUG,
	STRESS_PRESSURE,
	STRESS_FAULTS,
	STRESS_TEARDOWN,
	STRESS_SHRINK,
	STRESS_PIPE,
	STRESS_STRAY,
	NR_STRESSORS,
};

/* Instances that live as long as the run, and those that come and go. */
#define NR_INSTANCES	4
#define NR_STREAMS	2

/* Slots of an instance: enough that objects live through many iterations. */
#define SLOTS_MAX	192

/* Objects that one thread can offer at a time. */
#define RENDEZVOUS_MAX	3

/* Bytes of the header that object_pack() writes. */
#define OBJECT_LEN_MIN	16

/**
 * struct instance - an instance under test
 * @name: of the instance
 * @dt: the instance
 * @zeroed: its memory always comes cleared
 * @written: its free memory is written to, so damage may be found in it
 * @live: bytes that should be live, as changed on each CPU; the sum is exact while quiesced
 * @nr_slots: how many of @slots are used
 * @slots: objects that no worker owns; xchg() passes the ownership of their bytes
 */
struct instance {
	const char *name;
	struct dualtree *dt;
	bool zeroed;
	bool written;
	long __percpu *live;
	unsigned int nr_slots;
	u8 *slots[SLOTS_MAX];
};

/**
 * struct object - live bytes of one owner: an allocation, or what is left of one
 * @ptr: the first byte
 * @len: number of bytes
 * @key: of their pattern
 */
struct object {
	u8 *ptr;
	size_t len;
	u32 key;
};

/**
 * struct worker - what runs iterations, in one context and one at a time
 * @rnd: random numbers of its own
 * @context: in which it runs
 * @iterations: that it has run; only the worker writes it
 * @rendezvous: where it offers objects, RENDEZVOUS_MAX of them; NULL if it offers none
 * @inst: the instance of this iteration
 * @gfp: for allocations in this iteration
 * @size_max: largest allocation in this iteration, in bytes
 * @may_offer: @rendezvous is there and @inst stays until an offer is accepted
 */
struct worker {
	struct rnd_state rnd;
	enum torture_context context;
	unsigned long iterations;
	struct rendezvous *rendezvous;
	struct instance *inst;
	gfp_t gfp;
	size_t size_max;
	bool may_offer;
};

/* Where a stray write goes. */
enum gaps_target {
	WRITE_ANY,	/* any byte of a gap */
	WRITE_FIRST,	/* its first granule */
	WRITE_LAST,	/* its last granule */
	WRITE_AFTER,	/* right after an object: an overrun */
	WRITE_BEFORE,	/* right before an object: an underrun */
	WRITE_FREED,	/* the first or the last granule of a range that was freed lately */
	WRITE_ALL,	/* all of a gap */
	NR_WRITES,
};

/* So few that checking all of them is quick. */
#define GAPS_LIVE_MAX	256

/* Ranges freed last that are remembered. */
#define GAPS_FREED_MAX	16

/* The bytes from @start up to @end. */
struct span {
	u8 *start;
	u8 *end;
};

/**
 * struct gaps - what is live in an instance, and so what is free between
 * @inst: the instance, or NULL
 * @region_bytes: of each of its regions
 * @nr_live: how many of @live are used
 * @live: all that is live, by address
 * @nr_freed: how many ranges @freed has had
 * @freed: ranges freed last; the next one replaces the oldest
 * @writes: how many there were, by where they went
 */
struct gaps {
	struct instance *inst;
	size_t region_bytes;
	unsigned int nr_live;
	struct object live[GAPS_LIVE_MAX];
	unsigned int nr_freed;
	struct span freed[GAPS_FREED_MAX];
	unsigned long writes[NR_WRITES];
};

/* report.c: the first failure is the result. report_deadline() is when the run ends, in jiffies. */
extern u32 torture_seed;
extern const char *const context_names[NR_CONTEXTS];
DECLARE_PER_CPU(unsigned long [NR_CONTEXTS][NR_COUNTERS], torture_counters);
unsigned long counter_on(unsigned int cpu, enum torture_context context, enum counter counter);
unsigned long counter_in(enum torture_context context, enum counter counter);
unsigned long counter_sum(enum counter counter);
__printf(1, 2) void torture_fail(const char *fmt, ...);
bool torture_failed(void);
void report_init(void);
void report_deadline(unsigned long deadline);
__printf(1, 2) void report_result(const char *fmt, ...);
void report_exit(void);

/* instances.c: the checks need the workers quiesced; the teardown thread calls stream_*(). */
extern struct instance *instances[NR_INSTANCES];
int instances_create(void);
void instances_destroy(void);
void instances_check_pool(void);
struct instance *instance_create(const char *name, const struct dualtree_params *params,
				 unsigned int nr_slots);
void instance_destroy(struct instance *inst);
void instance_check(struct instance *inst, const char *when);
void instance_check_empty(struct instance *inst);
void instance_print(const struct instance *inst);
void stream_create(unsigned int which, struct rnd_state *rnd);
bool stream_destroy(unsigned int which);
/* Return: a stream that stays until rcu_read_unlock(), or NULL. Any context. */
struct instance *stream_get(unsigned int which);

/* object.c: what returns bool has reported the failure, if there was one, or there is no object. */
void object_fill(const struct object *obj, size_t start, size_t end);
bool object_check(const struct object *obj, const char *name);
bool object_check_moved(const struct object *obj, const u8 *from, size_t len, const char *name);
u8 *object_pack(const struct object *obj);
bool object_unpack(struct object *obj, u8 *ptr, const char *name);
size_t object_pick_size(struct worker *w);
void object_init(struct worker *w, struct object *obj, void *ptr, size_t size, bool zeroed);
bool object_alloc(struct worker *w, struct object *obj, size_t size, size_t align, size_t filled);
unsigned int object_alloc_bulk(struct worker *w, size_t size, unsigned int nr, void **ptrs);
void object_free_range(struct worker *w, u8 *ptr, size_t len);
void object_free(struct worker *w, const struct object *obj, size_t start, size_t end);
void object_trim(struct worker *w, struct object *obj, size_t len);
void object_free_ranges(struct worker *w, const struct dualtree_range *ranges, unsigned int nr,
			size_t bytes);
u8 *object_resize(struct worker *w, const struct object *obj, size_t len);
void object_leave(struct worker *w, const struct object *obj);
bool object_take(struct worker *w, struct object *obj);
void objects_free_all(struct instance *inst);

/* rendezvous.c: threads offer, all workers accept. */
int rendezvous_create(unsigned int nr_threads);
void rendezvous_destroy(void);
struct rendezvous *rendezvous_of(unsigned int thread);
void rendezvous_offer(struct worker *w);
void rendezvous_accept(struct worker *w);

/* ops.c: one op on an instance, both picked at random. */
void worker_iterate(struct worker *w);

/* worker.c: workers_stop() may be called whatever was started. */
void worker_init(struct worker *w, enum torture_context context, unsigned int id);
int threads_start(unsigned int per_cpu);
int timers_start(bool soft, bool hard);
int nmis_start(void);
void workers_quiesce(void);
void workers_resume(void);
void workers_stop(void);
unsigned int torture_any_cpu(struct rnd_state *rnd);
void threads_print_fairness(void);
unsigned long nmis_foreign(void);

/* pipe.c: each end has a thread, which repeats a step. */
int pipe_create(void);
void pipe_destroy(void);
unsigned long pipe_produce(struct worker *w);
unsigned long pipe_consume(struct worker *w);
void pipe_check(void);

/* gaps.c: a thread owns a struct gaps; gaps_write() makes one write or none. */
void gaps_init(struct gaps *gaps, struct instance *inst, size_t region_bytes);
bool gaps_add_live(struct gaps *gaps, const struct object *obj);
void gaps_remove_live(struct gaps *gaps, unsigned int at, unsigned int nr);
void gaps_add_freed(struct gaps *gaps, u8 *start, u8 *end);
unsigned long gaps_write(struct gaps *gaps, struct worker *w);
void gaps_print(const struct gaps *gaps, unsigned int nr_instances, u64 damaged);

/* stray.c: a thread repeats the step. */
unsigned long stray_step(struct worker *w);
void stray_check(void);
void stray_destroy(void);

/* stress.c: which stressors there are, their threads, and inject=. */
int stress_parse(const char *words);
bool stress_has(enum stressor stressor);
void stress_prepare(bool hotplug);
int stress_start(void);
void stress_stop(void);
void stress_print(char *buf, size_t size);
void stress_check(void);
int inject_parse(const char *name);
void inject_fault(void);

/* One instruction on x86, the only machine that has NMIs here: none intervenes. */
static inline void count_event(enum torture_context context, enum counter counter)
{
	this_cpu_inc(torture_counters[context][counter]);
}

/* One instruction there, for the same reason. */
static inline void instance_account(struct instance *inst, long bytes)
{
	this_cpu_add(*inst->live, bytes);
}

/* The bytes from @start up to @end. */
static inline struct object object_part(const struct object *obj, size_t start, size_t end)
{
	return (struct object) { obj->ptr + start, end - start, obj->key };
}

static inline u32 pick_below(struct worker *w, u32 bound)
{
	return random_below(&w->rnd, bound);
}

static inline bool one_in(struct worker *w, u32 bound)
{
	return !pick_below(w, bound);
}

/*
 * In a thread: sleep for @ms and a tick, or until it is to stop. The state is set before the flags
 * are read: kthread_stop() and kthread_park() set theirs and then wake it.
 */
static inline void torture_nap(unsigned int ms)
{
	set_current_state(TASK_INTERRUPTIBLE);
	if (!kthread_should_stop() && !kthread_should_park())
		schedule_timeout(msecs_to_jiffies(ms) + 1);
	__set_current_state(TASK_RUNNING);
}

#endif /* DUALTREE_TORTURE_H */
