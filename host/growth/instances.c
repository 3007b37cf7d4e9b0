// SPDX-License-Identifier: GPL-2.0
/*
 * What an operation takes, and an instance, by the number of instances. Each has one packet live,
 * and one CPU makes a pair of calls in each in turn. In "own heap" the CPU has a heap in each, as
 * where it makes many calls in a row; in "shared heap" it has none, as in streams that are quiet.
 */
#include <time.h>
#include <dualtree/dualtree.h>
#include "../../dualtree/percpu.h"
#include "../../dualtree/section.h"
#include "growth.h"

#define INSTANCES_MAX	100000
#define INSTANCES_QUICK	1000
/* Pairs that are counted, at least. */
#define PAIRS_MIN	200000
/* And that are timed, in each round. */
#define TIMED_MIN	1000000
#define ROUNDS		5

static struct dualtree *instances[INSTANCES_MAX];
static void *live[INSTANCES_MAX];

static void pair(struct dualtree *dt)
{
	void *packet = dualtree_alloc(dt, GROWTH_PACKET, GFP_ATOMIC);

	host_assert(packet && !dualtree_free(dt, packet, GROWTH_PACKET));
}

static void create(unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		instances[i] = dualtree_create("growth", NULL);
		host_assert(!IS_ERR(instances[i]));
		live[i] = dualtree_alloc(instances[i], GROWTH_PACKET, GFP_KERNEL);
		host_assert(live[i]);
	}
}

static void destroy(unsigned int nr)
{
	while (nr--) {
		host_assert(!dualtree_free(instances[nr], live[nr], GROWTH_PACKET));
		dualtree_destroy(instances[nr]);
	}
	host_pass_time(10000);
	synchronize_rcu();
}

/* Bytes of all of them: regions, records, and a slot for each possible CPU. */
static u64 bytes_of(unsigned int nr)
{
	struct dualtree_stats stats;
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		dualtree_get_stats(instances[i], &stats);
		bytes += stats.held_bytes + stats.record_bytes +
			 HOST_CPUS * sizeof(struct dt_cpu_slot);
	}
	return bytes;
}

static void pairs(unsigned int nr, unsigned int times)
{
	unsigned int i;

	while (times--) {
		for (i = 0; i < nr; i++) {
			cache_call();
			pair(instances[i]);
		}
	}
}

static u64 now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
	return at.tv_sec * 1000000000UL + at.tv_nsec;
}

static u64 fastest(unsigned int nr, unsigned int times)
{
	u64 start, best = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		start = now();
		pairs(nr, times);
		best = min(best, now() - start);
	}
	return best;
}

static void show(const char *mode, unsigned int nr, bool timed)
{
	unsigned int times = DIV_ROUND_UP(timed ? TIMED_MIN : PAIRS_MIN, nr);
	struct cache_counts counts = {};
	u64 ns = 0;

	cache_reset();
	create(nr);
	pairs(nr, 2);
	if (timed) {
		ns = fastest(nr, times);
	} else {
		cache_count(&counts);
		pairs(nr, times);
		cache_count(NULL);
	}
	printf("%s results %s|%u|%lu|%lu|%lu|%lu|%lu\n", timed ? "times" : "instances", mode, nr,
	       (u64)nr * times, counts.accesses, counts.lines, ns, bytes_of(nr));
	destroy(nr);
}

void growth_instances(bool timed)
{
	unsigned int nr, max = growth_quick ? INSTANCES_QUICK : INSTANCES_MAX;

	for (nr = 1; nr <= max; nr *= 10) {
		dt_shared_calls = 0;
		show("own heap", nr, timed);
		dt_shared_calls = UINT_MAX;
		show("shared heap", nr, timed);
	}
}
