/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmarks of an operation share.
 *
 *	allocator	something that allocates; each is described once (allocators.c, gen_pool.c,
 *			drm.c)
 *	case		one way to use an allocator: a loop, and what is live while it runs
 *	bench		a case of an allocator, open to be measured
 *
 * run.c opens a bench, fills in what is live, takes the time and keeps the results. How often a
 * loop runs and which of its times count is up to cost.c, curve.c and native.c.
 *
 * A loop is timed as a whole, so that neither reading the clock nor a tick weighs, and what it
 * needs at random is drawn before. Loops are inlined over the calls of their allocator
 * (loops.h): a count holds these calls, and the few instructions that a user has as well.
 *
 * All allocators are asked with GFP_ATOMIC, as a packet's path asks. Everything here runs in
 * process context, one module at a time, and may sleep between loops.
 */
#ifndef DUALTREE_BENCH_BENCH_H
#define DUALTREE_BENCH_BENCH_H

#include <linux/prandom.h>
#include <linux/types.h>

/* Operations of a loop: a tick, some thousand instructions, weighs less than one in each. */
#define BENCH_OPS	16384

/* Allocations that the cases of cost and native keep live: "10k live", and a multiple of 32. */
#define BENCH_LIVE_MAX	10240

struct bench;
struct dualtree;

/**
 * enum bench_loop - loops that every allocator has, see loops.h
 * @LOOP_PAIR: an allocation and its free
 * @LOOP_RING: frees the oldest, allocates another
 * @LOOP_RANDOM: frees a random one, allocates another of the same size
 * @LOOP_MIXED: frees a random one, allocates another of a random size
 * @LOOP_ALLOC: allocates into one slot after the other
 * @LOOP_FREE: frees one slot after the other
 * @NR_LOOPS: how many there are
 */
enum bench_loop { LOOP_PAIR, LOOP_RING, LOOP_RANDOM, LOOP_MIXED, LOOP_ALLOC, LOOP_FREE, NR_LOOPS };

typedef void (*bench_loop_fn)(const struct bench *b, unsigned int ops);

/**
 * enum allocator_id - allocators, in the order in which a report shows them
 */
enum allocator_id {
	BASELINE, DUALTREE, EXACT, KMALLOC, KMALLOC_WHOLE, FRAG, PAGES, GEN_FIRST, GEN_BEST,
	NR_ALLOCATORS,
	/* In drm.c, for the kernel's own drm.ko. */
	DRM_BEST = NR_ALLOCATORS, DRM_LOW
};

/**
 * struct allocator - something that allocates
 * @name: as results show it
 * @id: which one it is
 * @arg: what distinguishes variants that share their calls: flags, or where to look for room
 * @open: makes one for a case; returns its context or an ERR_PTR(). NULL: it needs none.
 *	May sleep
 * @close: takes it down when nothing is live; returns 0, or an error if a call failed. May sleep
 * @alloc: returns NULL on OOM
 * @free: frees a whole allocation
 * @loops: by enum bench_loop, inlined over @alloc and @free
 * @size_min: smallest size that it is asked for in a curve, in bytes
 * @size_max: largest such size; 0: any
 * @live_max: allocations of one size that a curve can fill in; 0: any
 * @mixed_max: the same, of all sizes
 * @slow_live: with so many live, or more, a case has @slow_ops operations; 0: never
 * @slow_ops: see @slow_live
 */
struct allocator {
	const char *name;
	enum allocator_id id;
	unsigned long arg;
	void *(*open)(const struct bench *b);
	int (*close)(const struct bench *b);
	void *(*alloc)(void *ctx, size_t size);
	void (*free)(void *ctx, void *ptr, size_t size);
	bench_loop_fn loops[NR_LOOPS];
	u32 size_min;
	u32 size_max;
	u32 live_max;
	u32 mixed_max;
	u32 slow_live;
	u32 slow_ops;
};

/* By enum allocator_id; NULL where the kernel does not have it. */
extern const struct allocator *const dt_allocators[NR_ALLOCATORS];

/**
 * struct bench_case - one way to use an allocator
 * @name: as results show it
 * @label: what results show instead of the allocator's name, or NULL
 * @kind: the allocator's loop, unless one of the next two is set
 * @loop: does @ops operations
 * @timed: does @ops operations, and returns the nanoseconds that count
 * @open: instead of the allocator's
 * @close: instead of the allocator's
 * @open_fills: nothing is filled in before: @open and @close, or the loop, see to what is live
 * @size: of an allocation, in bytes; 0: log-uniform, 64 to 4096
 * @live: allocations that live while the loop runs: filled in before, freed after it
 * @ops: operations; 0: BENCH_OPS
 * @arg: for @loop, @timed and @open
 * @cost: allocators that "cost" and "remote" measure it of, as bits by enum allocator_id
 * @native: allocators that "native" measures it of
 * @moves: the loop leaves its CPU and comes back: so another task has that meanwhile
 */
struct bench_case {
	const char *name;
	const char *label;
	enum bench_loop kind;
	bench_loop_fn loop;
	u64 (*timed)(const struct bench *b, unsigned int ops);
	void *(*open)(const struct bench *b);
	int (*close)(const struct bench *b);
	bool open_fills;
	unsigned int size;
	unsigned int live;
	unsigned int ops;
	unsigned long arg;
	u32 cost;
	u32 native;
	bool moves;
};

/* Cases that follow each other in a report. */
struct bench_set {
	const struct bench_case *cases;	/* in that order */
	unsigned int nr;		/* how many */
};

extern const struct bench_set dt_common_cases, dt_section_cases, dt_phase_cases, dt_instance_cases;
extern const struct bench_set dt_burst_cases, dt_remote_burst_cases, dt_remote_cases;

/* A live allocation. */
struct bench_slot {
	void *ptr;		/* its first byte */
	unsigned int size;	/* its bytes */
};

/* What loops work on. */
struct bench_table {
	u32 picks[BENCH_OPS];		/* for each operation, which of the slots */
	u16 sizes[BENCH_OPS];		/* for each operation, what size to ask for */
	unsigned int nr_slots;		/* how many there are */
	struct bench_slot slots[];	/* what is live */
};

/* A case of an allocator. */
struct bench {
	const struct allocator *allocator;	/* which */
	const struct bench_case *c;		/* the case */
	struct bench_table *table;		/* what its loop works on */
	void *ctx;				/* what the allocator's open() returned */
	struct rnd_state rnd;			/* what is drawn at random */
};

struct bench_table *dt_bench_table(unsigned int nr_slots);
int dt_bench_open(struct bench *b);
int dt_bench_close(struct bench *b, int err);
void dt_bench_draw(struct bench *b);
int dt_bench_fill(struct bench *b);
unsigned int dt_bench_ops(const struct bench *b);
u64 dt_bench_time(const struct bench *b, unsigned int ops);
bool dt_bench_time_alone(const struct bench *b, unsigned int ops, u64 *ns);
const char *dt_bench_name(const struct bench *b);

void dt_bench_report(const char *format, ...) __printf(1, 2);
s64 dt_bench_available(unsigned int ms);
size_t dt_bench_held(struct dualtree *dt);

/* Parameters of the module. */
extern uint dt_bench_rounds;
extern bool dt_bench_quick;

int dt_bench_run_allocator(const struct allocator *allocator);

/* What a run measures; each returns 0 or the first error. */
int dt_run_cost(void);
int dt_run_remote(void);
int dt_run_native(void);
int dt_run_pipe(void);
int dt_run_streams(void);
int dt_run_day(void);
int dt_curve_size(void);
int dt_curve_live(void);
int dt_curve_extents(void);
int dt_curve_instances(void);
int dt_curve_cpus(void);

#endif /* DUALTREE_BENCH_BENCH_H */
