// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel could have of its memory. MemAvailable does not count the free pages that each
 * CPU keeps for itself: after a run that freed much they are megabytes, which the next run takes
 * without a change of MemAvailable.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>

#include "bench.h"

static unsigned long zone_cpu_pages(struct zone *zone)
{
	unsigned long pages = 0;
	int cpu;

	if (!populated_zone(zone))
		return 0;
	for_each_possible_cpu(cpu)
		pages += per_cpu_ptr(zone->per_cpu_pageset, cpu)->count;
	return pages;
}

/* After @ms milliseconds. Return: bytes. */
s64 dt_bench_available(unsigned int ms)
{
	unsigned long pages;
	int nid, i;

	msleep(ms);
	pages = si_mem_available();
	for_each_online_node(nid)
		for (i = 0; i < MAX_NR_ZONES; i++)
			pages += zone_cpu_pages(&NODE_DATA(nid)->node_zones[i]);
	return (s64)pages << PAGE_SHIFT;
}
