// SPDX-License-Identifier: GPL-2.0
/*
 * Prints the frequency of this machine's time stamp counter in kHz, measured against the clock.
 *
 * Both are read at the start and at the end of an interval. A read of the counter between two of
 * the clock is off by at most the time between those, so the closest of several pairs counts:
 * the result is good to some parts in 10^5 on a busy machine, too.
 */

#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

/* The interval, in nanoseconds, and the pairs that are tried at each end. */
#define INTERVAL	100000000
#define TRIES		1000

struct moment {
	long long ns;
	unsigned long long ticks;
};

static long long clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static struct moment look(void)
{
	long long before, after, closest = LLONG_MAX;
	struct moment best = { 0 };
	unsigned long long ticks;
	int i;

	for (i = 0; i < TRIES; i++) {
		before = clock_ns();
		ticks = __rdtsc();
		after = clock_ns();
		if (after - before >= closest)
			continue;
		closest = after - before;
		best = (struct moment){ before + closest / 2, ticks };
	}
	return best;
}

int main(void)
{
	struct moment start = look(), end;

	nanosleep(&(struct timespec){ .tv_nsec = INTERVAL }, NULL);
	end = look();
	printf("%.0f\n", (end.ticks - start.ticks) * 1e6 / (end.ns - start.ns));
	return 0;
}
