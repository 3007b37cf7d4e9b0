// SPDX-License-Identifier: GPL-2.0
/*
 * What grows with CPUs, instances and memory: PROGRAM PART...
 *
 *	quick		before others: fewer operations, and up to 1000 instances
 *	check		the shape of it, as a test; the last line is "growth: passed"
 *	cpus		remote accesses of an operation, by CPUs
 *	instances	accesses of an operation and bytes, by instances
 *	times		nanoseconds of an operation, by instances: of a build that does not count
 *	memory		bytes of records, by memory
 */
#include "growth.h"

bool growth_quick;

void host_test_context(void)
{
}

static void setup(void)
{
	host_points = LONG_MAX;
	host_memory_init();
	host_assert(!host_module_init());
}

static void run(const char *part)
{
	if (!strcmp(part, "quick"))
		growth_quick = true;
	else if (!strcmp(part, "check"))
		growth_check();
	else if (!strcmp(part, "cpus"))
		growth_cpus();
	else if (!strcmp(part, "instances") || !strcmp(part, "times"))
		growth_instances(part[0] == 't');
	else if (!strcmp(part, "memory"))
		growth_memory();
	else
		host_fail("there is no part %s", part);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	setup();
	while (*++argv)
		run(*argv);
	printf("growth: passed\n");
	return 0;
}
