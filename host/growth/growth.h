/* SPDX-License-Identifier: GPL-2.0 */
/* What grows, and with what: the parts of the program. */
#ifndef DUALTREE_HOST_GROWTH_H
#define DUALTREE_HOST_GROWTH_H

#include "cache.h"

/* Bytes of a packet, of which all is written after its allocation, and read before its free. */
#define GROWTH_PACKET	1500

/**
 * struct growth_allocator - an allocator
 * @name: its name
 * @open: begin with CPUs 0 to @cpus - 1
 * @alloc: allocate a packet on the CPU that runs
 * @free: free one on any
 * @close: end; all were freed
 */
struct growth_allocator {
	const char *name;
	void (*open)(unsigned int cpus);
	void *(*alloc)(void);
	void (*free)(void *packet);
	void (*close)(void);
};

extern const struct growth_allocator growth_dualtree, growth_kmalloc;
/* dualtree with a count of allocations that all CPUs write. */
extern const struct growth_allocator growth_broken;

/**
 * struct growth_pattern - who allocates, and who frees
 * @name: its name
 * @to: the CPU that frees what @cpu has allocated
 * @producers: of all CPUs one in so many allocates
 * @depth: packets that a producer has live
 * @burst: packets that are freed, and then allocated, at once
 */
struct growth_pattern {
	const char *name;
	int (*to)(int cpu, unsigned int cpus);
	unsigned int producers;
	unsigned int depth;
	unsigned int burst;
};

/* The first two have no packet that another CPU frees. */
#define GROWTH_OWN_PATTERNS	2
#define GROWTH_PATTERNS		6
extern const struct growth_pattern growth_patterns[GROWTH_PATTERNS];

/**
 * struct growth_cost - what the operations of a run took: an allocation and its free are one
 * @ops: operations
 * @allocator: what the allocator's calls took
 * @packet: what writing and reading the packets took
 * @busiest: remote accesses of both to the line that had the most
 */
struct growth_cost {
	u64 ops;
	struct cache_counts allocator;
	struct cache_counts packet;
	u64 busiest;
};

/* Measure @ops operations of each producer, after half as many that are not counted. */
struct growth_cost growth_run(const struct growth_pattern *pattern, unsigned int cpus,
			      const struct growth_allocator *allocator, unsigned int ops);

/* Fewer operations and instances. */
extern bool growth_quick;

/* Each prints lines "PART results FIELD|FIELD...". */
void growth_cpus(void);
void growth_instances(bool timed);
void growth_memory(void);

/* Fails unless costs grow as they should, and a cost that should not be there is seen. */
void growth_check(void);

#endif /* DUALTREE_HOST_GROWTH_H */
