// SPDX-License-Identifier: GPL-2.0
/*
 * A test with random choices: PROGRAM [SEED [OPS]]. It runs rounds until it has made so many calls
 * of what is tested. The seed is printed, also where it was given; each round has a seed of its
 * own, which repeats it alone. That it does is seen at the end: the first round is run once more,
 * and ends with the generator in the same state. The last line is "passed".
 */
#include <time.h>
#include "core.h"

/* Seconds between two lines of progress. */
#define PROGRESS_SECONDS	10

static u64 seed_of_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec * 1000000007UL ^ now.tv_nsec) % 1000000000;
}

static u64 round_seed(u64 seed, u64 round)
{
	return (seed + round * 0x9e3779b9) % 1000000000;
}

static u64 current_seed;
static bool in_round;

void host_test_context(void)
{
	if (in_round)
		fprintf(stderr, "to repeat it: seed %lu\n", current_seed);
	else
		fprintf(stderr, "in a case, before all rounds\n");
}

/* Return: the generator's state at the end, which tells two rounds apart that are not the same. */
static u64 run_round(u64 seed, u64 ops)
{
	u64 end = host_ops + ops;

	current_seed = seed;
	in_round = true;
	host_seed(seed);
	host_test_begin();
	while (host_ops < end)
		host_test_step();
	host_test_end();
	return host_bytes.state;
}

int main(int argc, char **argv)
{
	u64 seed = argc > 1 ? strtoul(argv[1], NULL, 0) : seed_of_time();
	u64 ops = argc > 2 ? strtoul(argv[2], NULL, 0) : 1000000, round = 0;
	u64 first_ops = min_t(u64, ops, HOST_ROUND_OPS), first;
	time_t next = time(NULL) + PROGRESS_SECONDS;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%s: seed %lu\n", host_test_name, seed);
	host_core_init();
	first = run_round(round_seed(seed, round++), first_ops);
	for (; host_ops < ops; round++) {
		run_round(round_seed(seed, round), min(ops - host_ops, (u64)HOST_ROUND_OPS));
		if (time(NULL) < next)
			continue;
		next = time(NULL) + PROGRESS_SECONDS;
		printf("%s: %lu of %lu calls, round %lu\n", host_test_name, host_ops, ops, round);
	}
	if (run_round(round_seed(seed, 0), first_ops) != first)
		host_fail("the first round was another one when it was repeated");
	host_core_exit();
	printf("%s: %lu calls, %lu rounds\n", host_test_name, host_ops, round);
	printf("%s: passed\n", host_test_name);
	return 0;
}
