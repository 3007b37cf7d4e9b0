// SPDX-License-Identifier: GPL-2.0
/*
 * Do costs grow as they should? CPUs with packets of their own alone share no line, however many
 * there are. Where packets go to other CPUs, an operation makes as many accesses with 64 CPUs as
 * with few, to a hundredth. Where they go to one other CPU, as many of them are to lines of others
 * as with 4 CPUs, and where they go to all others, as with 16: a tenth more at most. With fewer
 * than that, what another CPU wrote last to a line was often the same CPU's as before. Where all
 * CPUs have heaps, no line is needed by a tenth of their operations. A count that all CPUs write
 * has to be seen.
 */
#include "growth.h"

/* Operations of each producer: where nothing is to be found, and enough for 3 % of longer runs. */
#define OPS		1024
#define OPS_SHARED	4096

/* Of 100 operations. */
static u64 remote(const struct growth_pattern *pattern, unsigned int cpus,
		  const struct growth_allocator *allocator)
{
	struct growth_cost cost = growth_run(pattern, cpus, allocator, OPS);

	return cost.allocator.remote * 100 / cost.ops;
}

/* Is @many at most @percent per cent more than @few? */
static bool about_as_many(u64 few, u64 many, u64 percent)
{
	return few > 0 && many * 100 <= few * (100 + percent);
}

/* Do CPUs that have nothing to do with each other wait for one line? */
static bool has_busy_line(const struct growth_pattern *pattern,
			  const struct growth_allocator *allocator)
{
	struct growth_cost cost = growth_run(pattern, HOST_CPUS, allocator, OPS);

	return cost.busiest * 10 > cost.ops;
}

static void check_own(const struct growth_pattern *pattern)
{
	unsigned int cpus;

	for (cpus = 1; cpus <= HOST_CPUS; cpus *= 4) {
		host_assert(!remote(pattern, cpus, &growth_dualtree));
		host_assert(cpus == 1 || remote(pattern, cpus, &growth_broken) >= 100);
	}
}

static void check_shared(const struct growth_pattern *pattern)
{
	unsigned int from = pattern->producers > 1 ? 4 : 16;
	struct growth_cost few = growth_run(pattern, from, &growth_dualtree, OPS_SHARED);
	struct growth_cost many = growth_run(pattern, HOST_CPUS, &growth_dualtree, OPS_SHARED);
	u64 remote_few = few.allocator.remote * 100 / few.ops;
	u64 remote_many = many.allocator.remote * 100 / many.ops;

	printf("growth: %s: %lu for 100 operations with %u CPUs, %lu with %u\n", pattern->name,
	       remote_few, from, remote_many, HOST_CPUS);
	host_assert(about_as_many(remote_few, remote_many, 10));
	host_assert(about_as_many(few.allocator.accesses * 100 / few.ops,
				  many.allocator.accesses * 100 / many.ops, 1));
	if (pattern->producers > 1)
		return;
	host_assert(!has_busy_line(pattern, &growth_dualtree));
	if (pattern->burst == 1)
		host_assert(has_busy_line(pattern, &growth_broken));
}

void growth_check(void)
{
	unsigned int i;

	cache_self_check();
	for (i = 0; i < GROWTH_PATTERNS; i++) {
		if (i < GROWTH_OWN_PATTERNS)
			check_own(&growth_patterns[i]);
		else
			check_shared(&growth_patterns[i]);
	}
}
