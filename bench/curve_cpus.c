// SPDX-License-Identifier: GPL-2.0
/*
 * The curve of CPUs: pairs on so many CPUs at once, all of one instance, and of kmalloc(); the time
 * from when all threads are ready to when the last is done.
 *
 * A round is every number of CPUs, and for each one allocator after the other, so that what else
 * the machine does meets all of them. A result is one round's.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "allocators.h"
#include "curve.h"
#include "team.h"

#define ROUNDS		11
#define QUICK_ROUNDS	5
/* Operations of each CPU. */
#define OPS		200000
#define QUICK_OPS	50000

static void work(void *data, unsigned int number)
{
	const struct bench *b = data;

	b->allocator->loops[LOOP_PAIR](b, b->c->ops);
}

/* Of two benches, the first one not always first. In round 0 each CPU makes its heap. */
static int one_round(struct bench *benches, unsigned int round)
{
	unsigned int max = min_t(unsigned int, num_online_cpus(), TEAM_MAX), nr, i;

	for (nr = 1; nr <= max; nr++) {
		for (i = 0; i < 2; i++) {
			struct bench *b = &benches[(i + round) & 1];
			s64 ns = dt_team_run(nr, work, b);

			if (ns < 0)
				return ns;
			if (round)
				dt_curve_add(b, b->c->name, nr, (u64)nr * b->c->ops, ns);
		}
	}
	return 0;
}

int dt_curve_cpus(void)
{
	const struct bench_case c = {
		.name = "pair 1500 B",
		.size = 1500,
		.ops = dt_bench_quick ? QUICK_OPS : OPS,
	};
	struct bench benches[] = {
		{ .allocator = dt_allocators[DUALTREE], .c = &c },
		{ .allocator = dt_allocators[KMALLOC], .c = &c },
	};
	unsigned int rounds = dt_bench_quick ? QUICK_ROUNDS : ROUNDS, i;
	void *dt = dt_bench_open_dualtree(&benches[0]);
	int err = 0, close_err;

	if (IS_ERR(dt))
		return PTR_ERR(dt);
	benches[0].ctx = dt;
	for (i = 0; i <= rounds && !err; i++)
		err = one_round(benches, i);
	close_err = dt_bench_close_instance(dt);
	return err ?: close_err;
}
