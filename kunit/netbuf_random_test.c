// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls on a handful of buffers, each compared with a plain array of the bytes that it
 * should hold; then clones of one buffer that are cut and consumed by several threads. Some of the
 * bytes are in pages of others: those of random packets.
 *
 * With the same seed the calls of the first are the same again.
 */
#include <linux/scatterlist.h>
#include <net/checksum.h>
#include "fixtures/packets.h"

#define BUFFERS		5
#define BYTES_MAX		SZ_32K
#define CHECK_EVERY	500
#define THREADS		4
#define ROUNDS		20
/* Pages of packets that are referred to at a time, at most. */
#define PAGES_MAX	8192

static uint seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of all random decisions; 0: pick one");

/* KCSAN looks at every access: the same takes ten times as long. */
static uint ops = IS_ENABLED(CONFIG_KCSAN) ? 5000 : 30000;
module_param(ops, uint, 0444);
MODULE_PARM_DESC(ops, "calls on the buffers");

/**
 * struct buf_model - a buffer, and what should be in it
 * @buf: the buffer
 * @len: how much should be
 * @bytes: what should be
 */
struct buf_model {
	struct dualtree_buf buf;
	size_t len;
	u8 bytes[BYTES_MAX];
};

/**
 * struct run - one test
 * @test: the test
 * @rnd: makes all decisions
 * @dt: the instance
 * @pages: the tracker of the packets' pages
 * @store: these pages
 * @scratch: for what is copied out and in
 * @packet: bytes of a packet
 * @models: the buffers
 */
struct run {
	struct kunit *test;
	struct rnd_state rnd;
	struct dualtree *dt;
	struct dualtree_pages *pages;
	struct page_store *store;
	u8 scratch[BYTES_MAX];
	u8 packet[RANDOM_PACKET_MAX];
	struct buf_model models[BUFFERS];
};

/* Of what there is: often a few bytes, now and then all. */
static size_t some_of(struct run *run, size_t max)
{
	switch (random_below(&run->rnd, 8)) {
	case 0:
		return max;
	case 1 ... 4:
		return min_t(size_t, max, random_below(&run->rnd, 100));
	default:
		return max ? random_below(&run->rnd, max) : 0;
	}
}

static void compare(struct run *run, struct buf_model *t)
{
	struct kunit *test = run->test;

	KUNIT_ASSERT_EQ(test, dualtree_buf_len(&t->buf), t->len);
	KUNIT_ASSERT_EQ(test, dualtree_buf_peek(&t->buf, 0, run->scratch, t->len), 0);
	KUNIT_ASSERT_EQ(test, memcmp(run->scratch, t->bytes, t->len), 0);
}

static void drop_front(struct buf_model *t, size_t len)
{
	t->len -= len;
	memmove(t->bytes, t->bytes + len, t->len);
}

static void put_bytes(struct buf_model *t, const u8 *bytes, size_t len)
{
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

static void do_append(struct run *run, struct buf_model *t)
{
	size_t len = some_of(run, (BYTES_MAX - t->len) / 4);
	u8 *room;

	prandom_bytes_state(&run->rnd, run->scratch, len);
	if (len && random_below(&run->rnd, 2)) {
		room = dualtree_buf_reserve(&t->buf, len + random_below(&run->rnd, 1000),
					    GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(run->test, room);
		memcpy(room, run->scratch, len);
		KUNIT_ASSERT_EQ(run->test, dualtree_buf_commit(&t->buf, len), 0);
	} else {
		KUNIT_ASSERT_EQ(run->test, dualtree_buf_append(&t->buf, run->scratch, len,
							       GFP_KERNEL), 0);
	}
	put_bytes(t, run->scratch, len);
}

/* A part of a packet. At the limit of the tracker, and for some packets, it is copied. */
static void do_packet(struct run *run, struct buf_model *t)
{
	struct sk_buff *skb = dt_random_packet(run->test, run->store, &run->rnd, run->packet);
	size_t from = random_below(&run->rnd, skb->len + 1);
	size_t len = some_of(run, min_t(size_t, skb->len - from, BYTES_MAX - t->len));

	KUNIT_ASSERT_EQ(run->test, dualtree_buf_from_skb(run->pages, &t->buf, skb, from, len,
							 GFP_KERNEL), 0);
	KUNIT_ASSERT_EQ(run->test, dualtree_buf_from_skb(run->pages, &t->buf, skb, from,
							 skb->len - from + 1, GFP_KERNEL),
			-EINVAL);
	kfree_skb(skb);
	put_bytes(t, run->packet + from, len);
}

/* Write to the first bytes: the clones keep what they have. */
static void do_unshare(struct run *run, struct buf_model *t)
{
	size_t len = some_of(run, t->len), at = 0;
	struct kvec vecs[8];
	int i, nr;

	KUNIT_ASSERT_EQ(run->test, dualtree_buf_unshare(&t->buf, len, GFP_KERNEL), 0);
	nr = dualtree_buf_kvecs(&t->buf, len, vecs, ARRAY_SIZE(vecs));
	for (i = 0; i < min_t(int, nr, ARRAY_SIZE(vecs)); i++) {
		prandom_bytes_state(&run->rnd, vecs[i].iov_base, vecs[i].iov_len);
		memcpy(t->bytes + at, vecs[i].iov_base, vecs[i].iov_len);
		at += vecs[i].iov_len;
	}
}

/* A scatterlist and a checksum of a part, with a sum before it. */
static void do_views(struct run *run, struct buf_model *t)
{
	size_t from = some_of(run, t->len), len = some_of(run, t->len - from);
	__wsum sum = (__force __wsum)0x1234, want = csum_partial(t->bytes + from, len, sum);
	struct scatterlist sg[32];
	int nr;

	KUNIT_ASSERT_EQ(run->test, dualtree_buf_checksum(&t->buf, from, len, &sum), 0);
	KUNIT_ASSERT_EQ(run->test, (__force u16)csum_fold(sum), (__force u16)csum_fold(want));
	KUNIT_ASSERT_EQ(run->test, dualtree_buf_checksum(&t->buf, from, t->len - from + 1, &sum),
			-ENODATA);
	nr = dualtree_buf_to_sg(&t->buf, from, len, sg, ARRAY_SIZE(sg));
	if (nr == -ENOSPC)
		return;
	KUNIT_ASSERT_EQ(run->test, !nr, !len);
	KUNIT_ASSERT_EQ(run->test, nr ? sg_nents(sg) : 0, nr);
	KUNIT_ASSERT_EQ(run->test, nr ? sg_copy_to_buffer(sg, nr, run->scratch, len) : 0, len);
	KUNIT_ASSERT_EQ(run->test, memcmp(run->scratch, t->bytes + from, len), 0);
}

static void do_compact(struct run *run, struct buf_model *t)
{
	KUNIT_ASSERT_EQ(run->test, dualtree_buf_compact(&t->buf, random_below(&run->rnd, 1000),
							GFP_KERNEL), 0);
}

static void do_prepend(struct run *run, struct buf_model *t)
{
	size_t len = 1 + random_below(&run->rnd, 70);
	u8 *header;

	if (t->len + len > BYTES_MAX)
		return;
	header = dualtree_buf_prepend(&t->buf, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(run->test, header);
	prandom_bytes_state(&run->rnd, header, len);
	memmove(t->bytes + len, t->bytes, t->len);
	memcpy(t->bytes, header, len);
	t->len += len;
}

static void do_read(struct run *run, struct buf_model *t)
{
	size_t len = some_of(run, t->len);
	const u8 *at;
	u64 value;

	switch (random_below(&run->rnd, 3)) {
	case 0:
		KUNIT_ASSERT_EQ(run->test, dualtree_buf_skip(&t->buf, len), 0);
		break;
	case 1:
		KUNIT_ASSERT_EQ(run->test, dualtree_buf_read(&t->buf, run->scratch, len), 0);
		KUNIT_ASSERT_EQ(run->test, memcmp(run->scratch, t->bytes, len), 0);
		break;
	default:
		at = memchr(t->bytes, 7, t->len);
		KUNIT_ASSERT_EQ(run->test, dualtree_buf_find(&t->buf, 0, 7),
				at ? at - t->bytes : -ENODATA);
		len = min_t(size_t, 1, t->len);
		KUNIT_ASSERT_EQ(run->test, dualtree_buf_read_be(&t->buf, 1, &value),
				len ? 0 : -ENODATA);
		KUNIT_ASSERT_TRUE(run->test, !len || value == t->bytes[0]);
	}
	drop_front(t, len);
}

static void do_past_end(struct run *run, struct buf_model *t)
{
	size_t len = t->len + 1 + random_below(&run->rnd, 10);
	struct buf_model *to = t == run->models ? t + 1 : run->models;

	KUNIT_ASSERT_EQ(run->test, dualtree_buf_skip(&t->buf, len), -ENODATA);
	KUNIT_ASSERT_EQ(run->test, dualtree_buf_trim(&t->buf, len), -ENODATA);
	KUNIT_ASSERT_EQ(run->test, dualtree_buf_split(&t->buf, len, &to->buf, GFP_KERNEL),
			-ENODATA);
	KUNIT_ASSERT_EQ(run->test, dualtree_buf_clone(&t->buf, len, &to->buf, GFP_KERNEL),
			-ENODATA);
}

static void do_split(struct run *run, struct buf_model *t, struct buf_model *to)
{
	size_t len = some_of(run, min(t->len, BYTES_MAX - to->len));

	KUNIT_ASSERT_EQ(run->test, dualtree_buf_split(&t->buf, len, &to->buf, GFP_KERNEL), 0);
	put_bytes(to, t->bytes, len);
	drop_front(t, len);
}

static void do_clone(struct run *run, struct buf_model *t, struct buf_model *to)
{
	size_t len = some_of(run, min(t->len, BYTES_MAX - to->len));

	KUNIT_ASSERT_EQ(run->test, dualtree_buf_clone(&t->buf, len, &to->buf, GFP_KERNEL), 0);
	put_bytes(to, t->bytes, len);
}

static void do_splice_all(struct run *run, struct buf_model *t, struct buf_model *to)
{
	if (t->len + to->len > BYTES_MAX)
		return;
	KUNIT_ASSERT_EQ(run->test, dualtree_buf_splice(&to->buf, &t->buf), 0);
	put_bytes(to, t->bytes, t->len);
	t->len = 0;
}

static void do_trim(struct run *run, struct buf_model *t)
{
	t->len -= some_of(run, t->len) / 2;
	KUNIT_ASSERT_EQ(run->test, dualtree_buf_trim(&t->buf, t->len), 0);
}

static void do_contiguous(struct run *run, struct buf_model *t)
{
	size_t len = some_of(run, t->len);
	const u8 *first;
	u8 *mine;

	if (!len)
		return;
	if (random_below(&run->rnd, 2)) {
		first = dualtree_buf_linearize(&t->buf, len, GFP_KERNEL);
		KUNIT_ASSERT_FALSE(run->test, IS_ERR(first));
		KUNIT_ASSERT_EQ(run->test, memcmp(first, t->bytes, len), 0);
		return;
	}
	mine = dualtree_buf_detach(&t->buf, len, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(run->test, IS_ERR(mine));
	KUNIT_ASSERT_EQ(run->test, memcmp(mine, t->bytes, len), 0);
	/* No buffer holds it any more. */
	memset(mine, 0x55, len);
	drop_front(t, len);
	if (random_below(&run->rnd, 2)) {
		KUNIT_ASSERT_EQ(run->test, dualtree_free(run->dt, mine, len), 0);
	} else if (t->len + len <= BYTES_MAX) {
		KUNIT_ASSERT_EQ(run->test, dualtree_buf_adopt(&t->buf, mine, len, GFP_KERNEL), 0);
		put_bytes(t, mine, len);
	} else {
		KUNIT_ASSERT_EQ(run->test, dualtree_free(run->dt, mine, len), 0);
	}
}

static void do_one(struct run *run)
{
	u32 from = random_below(&run->rnd, BUFFERS),
	    step = 1 + random_below(&run->rnd, BUFFERS - 1);
	struct buf_model *t = &run->models[from], *to = &run->models[(from + step) % BUFFERS];

	switch (random_below(&run->rnd, 20)) {
	case 0 ... 3:
		do_append(run, t);
		break;
	case 16:
		do_packet(run, t);
		break;
	case 17:
		do_compact(run, t);
		break;
	case 18:
		do_unshare(run, t);
		break;
	case 19:
		do_views(run, t);
		break;
	case 4 ... 6:
		do_read(run, t);
		break;
	case 7 ... 8:
		do_split(run, t, to);
		break;
	case 9 ... 10:
		do_clone(run, t, to);
		break;
	case 11:
		do_splice_all(run, t, to);
		break;
	case 12:
		do_trim(run, t);
		break;
	case 13:
		do_contiguous(run, t);
		break;
	case 14:
		do_prepend(run, t);
		break;
	default:
		do_past_end(run, t);
	}
	compare(run, t);
	compare(run, to);
}

static void random_calls(struct kunit *test)
{
	struct run *run = dt_test_zalloc(test, sizeof(*run));
	unsigned int op, i, nr = param_value_of(ops);

	run->test = test;
	run->dt = test_instance(test);
	run->pages = dt_test_pages(test, run->dt, SZ_1M);
	run->store = dt_test_page_store(test, PAGES_MAX);
	prandom_seed_state(&run->rnd, random_seed(test, param_value_of(seed)));
	for (i = 0; i < BUFFERS; i++)
		dualtree_buf_init(&run->models[i].buf, run->dt);
	for (op = 0; op < nr; op++) {
		do_one(run);
		if (op % CHECK_EVERY)
			continue;
		for (i = 0; i < BUFFERS; i++)
			compare(run, &run->models[i]);
		KUNIT_ASSERT_TRUE(test, dualtree_check(run->dt));
		cond_resched();
	}
	for (i = 0; i < BUFFERS; i++)
		dualtree_buf_purge(&run->models[i].buf);
	dt_expect_no_pages(test, run->pages);
	dt_expect_pages_back(test, run->store);
	KUNIT_EXPECT_GT(test, pages_stats(run->pages).compacted_bytes, 0);
	dt_expect_clean(test, run->dt);
}

/**
 * struct subscriber - a thread with a clone
 * @buf: the clone
 * @rnd: makes its decisions
 * @errors: bytes that were not what they should be, calls that failed
 * @done: bytes that it has consumed
 * @work: what runs it
 */
struct subscriber {
	struct dualtree_buf buf;
	struct rnd_state rnd;
	unsigned int errors;
	size_t done;
	struct work_struct work;
};

static void subscribe(struct work_struct *work)
{
	struct subscriber *s = container_of(work, struct subscriber, work);
	struct dualtree_buf front;
	u8 bytes[200];
	size_t len;

	dualtree_buf_init(&front, s->buf.dt);
	while (s->buf.len) {
		len = min_t(size_t, s->buf.len, 1 + random_below(&s->rnd, sizeof(bytes)));
		s->errors += !!dualtree_buf_split(&s->buf, len, &front, GFP_KERNEL);
		s->errors += !!dualtree_buf_read(&front, bytes, len);
		s->errors += !dt_filled(bytes, s->done, len);
		s->done += len;
		if (random_below(&s->rnd, 8))
			continue;
		len = random_below(&s->rnd, min_t(size_t, s->buf.len, 3000) + 1);
		s->errors += !!dualtree_buf_skip(&s->buf, len);
		s->done += len;
	}
}

/* The last holder of a range frees it, and a single holder owns it: on all CPUs at a time. */
static void random_subscribers(struct kunit *test)
{
	struct subscriber *subs = kunit_kcalloc(test, THREADS, sizeof(*subs), GFP_KERNEL);
	struct dualtree *dt = test_instance(test);
	unsigned int round, i, errors = 0;
	u32 first_seed = random_seed(test, param_value_of(seed));
	struct dualtree_pages *pages = dt_test_pages(test, dt, SZ_4M);
	struct page_store *store = dt_test_page_store(test, PAGES_MAX);
	struct dualtree_buf buf;
	const size_t size = 200000;

	KUNIT_ASSERT_NOT_NULL(test, subs);
	dualtree_buf_init(&buf, dt);
	for (round = 0; round < ROUNDS; round++) {
		dt_buf_append_ranges(test, &buf, 0, size / 2);
		dt_buf_attach_ranges(test, pages, store, &buf, size / 2, size / 2);
		for (i = 0; i < THREADS; i++) {
			subs[i].done = 0;
			prandom_seed_state(&subs[i].rnd, first_seed + round * THREADS + i);
			dualtree_buf_init(&subs[i].buf, dt);
			KUNIT_EXPECT_EQ(test, dualtree_buf_clone(&buf, size, &subs[i].buf,
								 GFP_KERNEL), 0);
			INIT_WORK(&subs[i].work, subscribe);
			queue_work(system_dfl_wq, &subs[i].work);
		}
		dualtree_buf_purge(&buf);
		for (i = 0; i < THREADS; i++) {
			flush_work(&subs[i].work);
			errors += subs[i].errors;
			KUNIT_EXPECT_EQ(test, subs[i].done, size);
		}
	}
	KUNIT_EXPECT_EQ(test, errors, 0);
	dt_expect_no_pages(test, pages);
	dt_expect_pages_back(test, store);
	dt_expect_clean(test, dt);
}

static struct kunit_case netbuf_random_cases[] = {
	KUNIT_CASE(random_calls),
	KUNIT_CASE(random_subscribers),
	{}
};

DUALTREE_SUITE(netbuf_random, "packet buffers against plain arrays, in random order");
