// SPDX-License-Identifier: GPL-2.0
/*
 * The test of buffers: random calls on buffers of two instances, each of which has a plain array
 * of bytes as its model. Some of the bytes are in pages of others. What needs a network stack is
 * left out; but for what a send does to a buffer.
 */
#include "../core.h"
#include "model.h"

const char *const host_test_name = "netbuf";

#define BUFFERS		4

/* Of the first instance all but the last, which is of the second. */
static struct subject subjects[BUFFERS];
static struct dualtree *instances[2];
/* What their buffers refer to in pages of others. */
static struct dualtree_pages *pages_of[2];

/* The instances have a limit in this round. */
static bool limited;

bool host_may_fail(void)
{
	return host_fail_every || limited;
}

/* What the test keeps of the first instance: so much that the next calls find no memory. */
static struct dualtree_range kept[2048];
static u32 nr_kept;

static void free_kept(u32 nr)
{
	for (; nr && nr_kept; nr--) {
		nr_kept--;
		host_assert(!dualtree_free(instances[0], kept[nr_kept].ptr, kept[nr_kept].len));
	}
}

static void squeeze(void)
{
	static const size_t sizes[] = { SZ_16K, SZ_4K, 512, 64 };
	void *ptr;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes) && limited; i++)
		while (nr_kept < ARRAY_SIZE(kept) &&
		       (ptr = dualtree_alloc(instances[0], sizes[i], GFP_KERNEL)))
			kept[nr_kept++] = (struct dualtree_range){ ptr, sizes[i] };
	/* A record is left, or a few. */
	free_kept(host_choose(4));
}

void host_test_begin(void)
{
	u32 i;

	host_core_begin();
	limited = host_one_in(3);
	for (i = 0; i < ARRAY_SIZE(instances); i++) {
		instances[i] = dualtree_create("buffers", &(struct dualtree_params){
			.max_region_order = host_one_in(2) ? 4 : 0,
			.limit = limited ? SZ_64K : 0,
		});
		host_assert(!IS_ERR(instances[i]));
	}
	for (i = 0; i < ARRAY_SIZE(pages_of); i++) {
		pages_of[i] = dualtree_pages_create(instances[i],
						    host_one_in(2) ? SZ_1M : 4 * PAGE_SIZE);
		host_assert(!IS_ERR(pages_of[i]));
	}
	for (i = 0; i < BUFFERS; i++) {
		subjects[i].pages = pages_of[i == BUFFERS - 1];
		dualtree_buf_init(&subjects[i].buf, instances[i == BUFFERS - 1]);
		host_subject_purge(&subjects[i]);
	}
}

void host_test_end(void)
{
	struct dualtree_pages_stats held;
	struct dualtree_stats stats;
	u32 i;

	free_kept(UINT_MAX);
	for (i = 0; i < BUFFERS; i++)
		host_subject_purge(&subjects[i]);
	for (i = 0; i < ARRAY_SIZE(pages_of); i++) {
		dualtree_pages_get_stats(pages_of[i], &held);
		host_assert(!held.live_bytes && !held.held_bytes && !held.ranges);
		dualtree_pages_destroy(pages_of[i]);
	}
	for (i = 0; i < ARRAY_SIZE(instances); i++) {
		dualtree_get_stats(instances[i], &stats);
		host_assert(!stats.live_bytes && !stats.bad_frees && !stats.damaged);
		dualtree_destroy(instances[i]);
	}
	host_core_end();
}

static void rare_step(struct subject *s)
{
	static const u32 every[] = { 0, 0, 0, 2, 5, 20 };

	switch (host_choose(6)) {
	case 4:
		squeeze();
		break;
	case 5:
		free_kept(UINT_MAX);
		break;
	case 0:
		host_fail_every = every[host_choose(ARRAY_SIZE(every))];
		break;
	case 1:
		host_subject_purge(s);
		break;
	case 2:
		host_pass_time(1000);
		break;
	default:
		host_subject_check(s);
	}
}

void host_test_step(void)
{
	static void (*const ops[])(struct subject *s) = {
		host_op_append, host_op_append, host_op_prepend, host_op_reserve, host_op_reserve,
		host_op_adopt, host_op_attach, host_op_compact, host_op_unshare, host_op_trim,
		host_op_skip, host_op_read, host_op_number, host_op_leb128, host_op_find,
		host_op_linearize, host_op_detach, host_op_vectors, host_op_uncut,
		host_op_released, rare_step,
	};
	static void (*const moves[])(struct subject *s, struct subject *to) = {
		host_op_split, host_op_splice, host_op_clone,
	};
	struct subject *s = &subjects[host_choose(BUFFERS)];

	host_ops++;
	if (host_one_in(4))
		moves[host_choose(ARRAY_SIZE(moves))](s, &subjects[host_choose(BUFFERS)]);
	else
		ops[host_choose(ARRAY_SIZE(ops))](s);
	host_assert(dualtree_buf_len(&s->buf) == s->len);
	if (host_rcu_queued > 64)
		synchronize_rcu();
}
