// SPDX-License-Identifier: GPL-2.0
/*
 * What an operation takes of shared lines, by the number of CPUs. CPUs that allocate take turns; in
 * its turn such a CPU has its oldest packets freed, by itself or by another one, once it has as
 * many as the pattern says, and allocates as many.
 */
#include "../test.h"
#include "growth.h"

#define DEPTH_MAX	64

/* Operations of each producer that are counted. */
#define OPS		4096
#define OPS_QUICK	1024

struct queue {
	void *packets[DEPTH_MAX];
	unsigned int first, nr;
};

static struct queue queues[HOST_CPUS];

static int to_itself(int cpu, unsigned int cpus)
{
	return cpu;
}

/* Producers are the first half of the CPUs. */
static int to_partner(int cpu, unsigned int cpus)
{
	return (cpu + cpus / 2) % cpus;
}

static int to_any_other(int cpu, unsigned int cpus)
{
	return cpus == 1 ? cpu : (cpu + 1 + host_choose(cpus - 1)) % cpus;
}

const struct growth_pattern growth_patterns[GROWTH_PATTERNS] = {
	{ "own pairs", to_itself, 1, 1, 1 },
	{ "own queue of 64", to_itself, 1, 64, 1 },
	{ "producer to consumer", to_partner, 2, 64, 1 },
	{ "producer to consumer, bursts of 64", to_partner, 2, 64, 64 },
	{ "all to all", to_any_other, 1, 64, 1 },
	{ "all to all, bursts of 64", to_any_other, 1, 64, 64 },
};

/**
 * struct run - a run
 * @pattern: its pattern
 * @cpus: CPUs
 * @allocator: the allocator
 * @cost: what is counted, if @counting
 * @counting: is it?
 */
struct run {
	const struct growth_pattern *pattern;
	unsigned int cpus;
	const struct growth_allocator *allocator;
	struct growth_cost cost;
	bool counting;
};

static void alloc_one(struct run *run, struct queue *queue)
{
	void *packet;

	cache_call();
	cache_count(run->counting ? &run->cost.allocator : NULL);
	packet = run->allocator->alloc();
	host_assert(packet);
	cache_count(run->counting ? &run->cost.packet : NULL);
	cache_access(packet, GROWTH_PACKET, true);
	cache_count(NULL);
	queue->packets[(queue->first + queue->nr++) % DEPTH_MAX] = packet;
}

static void free_one(struct run *run, struct queue *queue)
{
	void *packet = queue->packets[queue->first++ % DEPTH_MAX];

	queue->nr--;
	cache_call();
	cache_count(run->counting ? &run->cost.packet : NULL);
	cache_access(packet, GROWTH_PACKET, false);
	cache_count(run->counting ? &run->cost.allocator : NULL);
	run->allocator->free(packet);
	cache_count(NULL);
}

/* A producer's turn. */
static void turn(struct run *run, int cpu)
{
	const struct growth_pattern *pattern = run->pattern;
	struct queue *queue = &queues[cpu];
	unsigned int i;

	if (queue->nr + pattern->burst > pattern->depth) {
		host_now.cpu = pattern->to(cpu, run->cpus);
		for (i = 0; i < pattern->burst; i++)
			free_one(run, queue);
	}
	host_now.cpu = cpu;
	for (i = 0; i < pattern->burst; i++)
		alloc_one(run, queue);
	run->cost.ops += run->counting ? pattern->burst : 0;
}

static void turns(struct run *run, unsigned int producers, unsigned int ops)
{
	unsigned int i;
	int cpu;

	for (i = 0; i < ops; i += run->pattern->burst)
		for (cpu = 0; cpu < producers; cpu++)
			turn(run, cpu);
}

static void free_all(struct run *run, unsigned int producers)
{
	int cpu;

	for (cpu = 0; cpu < producers; cpu++) {
		host_now.cpu = cpu;
		while (queues[cpu].nr)
			free_one(run, &queues[cpu]);
		queues[cpu].first = 0;
	}
	host_now.cpu = 0;
}

struct growth_cost growth_run(const struct growth_pattern *pattern, unsigned int cpus,
			      const struct growth_allocator *allocator, unsigned int ops)
{
	struct run run = { .pattern = pattern, .cpus = cpus, .allocator = allocator };
	unsigned int producers = max(cpus / pattern->producers, 1U);

	host_seed(cpus);
	host_online.bits = GENMASK(cpus - 1, 0);
	cache_reset();
	allocator->open(cpus);
	turns(&run, producers, ops / 2);
	run.counting = true;
	turns(&run, producers, ops);
	run.counting = false;
	run.cost.busiest = cache_busiest();
	free_all(&run, producers);
	allocator->close();
	return run.cost;
}

static void show(const struct growth_pattern *pattern, unsigned int cpus,
		 const struct growth_allocator *allocator)
{
	struct growth_cost cost = growth_run(pattern, cpus, allocator,
					     growth_quick ? OPS_QUICK : OPS);

	printf("cpus results %s|%u|%s|%lu|%lu|%lu|%lu|%lu|%lu|%lu\n", pattern->name, cpus,
	       allocator->name, cost.ops, cost.allocator.accesses, cost.allocator.lines,
	       cost.allocator.remote, cost.allocator.remote_lines, cost.packet.remote,
	       cost.busiest);
}

void growth_cpus(void)
{
	unsigned int i, cpus;

	for (i = 0; i < GROWTH_PATTERNS; i++) {
		for (cpus = 1; cpus <= HOST_CPUS; cpus *= 2) {
			show(&growth_patterns[i], cpus, &growth_dualtree);
			show(&growth_patterns[i], cpus, &growth_kmalloc);
		}
	}
}
