// SPDX-License-Identifier: GPL-2.0
/*
 * Packets into buffers: which bytes are referred to and which are copied, what that is charged,
 * that a socket's bytes arrive, and that every page has its references back. netbuf_random has
 * random packets.
 */
#include "fixtures/null_device.h"
#include "fixtures/packets.h"
#include "fixtures/scale.h"
#include "fixtures/tx.h"

#define PAGES_MAX	256
/* Bytes of a buffer of a card with an MTU of 1,500, and of a segment in it. */
#define CARD_BUFFER	1920
#define CARD_SEGMENT	1300

/**
 * struct skb_fixture - an instance whose buffers may refer to pages
 * @dt: the instance
 * @pages: the tracker
 * @store: the pages
 * @buf: an empty buffer
 * @bytes: PACKET_PAGE_SIZE bytes, filled as from offset 0 on
 */
struct skb_fixture {
	struct dualtree *dt;
	struct dualtree_pages *pages;
	struct page_store *store;
	struct dualtree_buf buf;
	u8 *bytes;
};

static void fixture_init_in(struct kunit *test, struct skb_fixture *f, struct dualtree *dt,
			    size_t limit)
{
	f->dt = dt;
	f->pages = dt_test_pages(test, f->dt, limit);
	f->store = dt_test_page_store(test, PAGES_MAX);
	f->bytes = dt_test_zalloc(test, PACKET_PAGE_SIZE);
	dt_fill(f->bytes, 0, PACKET_PAGE_SIZE);
	dualtree_buf_init(&f->buf, f->dt);
}

static void fixture_init(struct kunit *test, struct skb_fixture *f, size_t limit)
{
	fixture_init_in(test, f, test_instance(test), limit);
}

static void expect_counts(struct kunit *test, struct skb_fixture *f, size_t referenced,
			  size_t copied)
{
	KUNIT_EXPECT_EQ(test, pages_stats(f->pages).referenced_bytes, referenced);
	KUNIT_EXPECT_EQ(test, pages_stats(f->pages).copied_bytes, copied);
}

/* Purge the buffer: nothing may be left in the instance, and no reference to a page. */
static void fixture_finish(struct kunit *test, struct skb_fixture *f)
{
	dualtree_buf_purge(&f->buf);
	dt_expect_no_pages(test, f->pages);
	dt_expect_pages_back(test, f->store);
	dt_expect_clean(test, f->dt);
}

static int take(struct skb_fixture *f, struct dualtree_buf *buf, struct sk_buff *skb,
		unsigned int offset, size_t len)
{
	return dualtree_buf_from_skb(f->pages, buf, skb, offset, len, GFP_KERNEL);
}

/* Take a whole packet and free it: its bytes stay. */
static void take_packet(struct kunit *test, struct skb_fixture *f, struct sk_buff *skb)
{
	KUNIT_EXPECT_EQ(test, take(f, &f->buf, skb, 0, skb->len), 0);
	kfree_skb(skb);
}

static void skb_linear(struct kunit *test)
{
	struct sk_buff *skb, *clone;
	struct skb_fixture f;

	fixture_init(test, &f, SZ_1M);
	/* From kmalloc(): there is no page to refer to. */
	take_packet(test, &f, dt_linear_packet(test, NULL, f.bytes, 1000));
	expect_counts(test, &f, 0, 1000);
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).ranges, 0);
	take_packet(test, &f, dt_linear_packet(test, f.store, f.bytes + 1000, 1000));
	expect_counts(test, &f, 1000, 1000);
	KUNIT_EXPECT_EQ(test, page_count(f.store->pages[0]), 2);
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).held_bytes, PAGE_SIZE);
	/* A clone may have its headers written to. */
	skb = dt_linear_packet(test, f.store, f.bytes + 2000, 1000);
	clone = skb_clone(skb, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, clone);
	take_packet(test, &f, skb);
	kfree_skb(clone);
	expect_counts(test, &f, 1000, 2000);
	dt_buf_expect(test, &f.buf, 0, 3000);
	fixture_finish(test, &f);
}

/* What becomes of a packet with two fragments, with flags and without. */
static void take_fragments(struct kunit *test, struct skb_fixture *f, unsigned int flags,
			   bool pfmemalloc, bool referenced)
{
	u64 before = pages_stats(f->pages).referenced_bytes;
	struct sk_buff *skb = dt_linear_packet(test, NULL, f->bytes, 10);

	dt_add_fragment(test, f->store, skb, f->bytes + 10, 490, PACKET_PAGE_SIZE);
	dt_add_fragment(test, f->store, skb, f->bytes + 500, 500, PACKET_PAGE_SIZE);
	/* A packet with SKBFL_ZEROCOPY_ENABLE has a ubuf; in others this may be anything. */
	skb_shinfo(skb)->destructor_arg = f;
	skb_shinfo(skb)->flags |= flags;
	skb->pfmemalloc = pfmemalloc;
	KUNIT_EXPECT_EQ(test, take(f, &f->buf, skb, 5, 995), 0);
	skb_shinfo(skb)->flags &= ~flags;
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, pages_stats(f->pages).referenced_bytes - before,
			referenced ? 990 : 0);
	dt_buf_expect(test, &f->buf, 5, 995);
	dualtree_buf_purge(&f->buf);
}

static void skb_fragments(struct kunit *test)
{
	struct skb_fixture f;

	fixture_init(test, &f, SZ_1M);
	take_fragments(test, &f, 0, false, true);
	/* Their owners may still write to them. */
	take_fragments(test, &f, SKBFL_SHARED_FRAG, false, false);
	take_fragments(test, &f, SKBFL_ZEROCOPY_ENABLE, false, false);
	/* What the kernel needs to get memory back. */
	take_fragments(test, &f, 0, true, false);
	fixture_finish(test, &f);
}

/* Segments of a card that GRO has put together: each is charged its buffer, as long as it stays. */
static void skb_charge(struct kunit *test)
{
	struct skb_fixture f;
	struct sk_buff *skb;
	unsigned int i;

	fixture_init(test, &f, SZ_1M);
	skb = dt_linear_packet(test, f.store, f.bytes, 0);
	for (i = 0; i < 4; i++)
		dt_add_fragment(test, f.store, skb, f.bytes + i * CARD_SEGMENT, CARD_SEGMENT,
				CARD_BUFFER);
	take_packet(test, &f, skb);
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).held_bytes, 4 * CARD_BUFFER);
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).live_bytes, 4 * CARD_SEGMENT);
	/* 1920 for 1300 bytes are 147 for 100; 1920 for 700 are more. */
	KUNIT_EXPECT_EQ(test, dualtree_buf_compact(&f.buf, 148, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).compacted_bytes, 0);
	KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&f.buf, 600), 0);
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).held_bytes, 4 * CARD_BUFFER);
	KUNIT_EXPECT_EQ(test, dualtree_buf_compact(&f.buf, 148, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).compacted_bytes, CARD_SEGMENT - 600);
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).held_bytes, 3 * CARD_BUFFER);
	/* The rest becomes one range. */
	KUNIT_EXPECT_EQ(test, dualtree_buf_compact(&f.buf, 147, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, dualtree_buf_kvecs(&f.buf, dualtree_buf_len(&f.buf), NULL, 0), 2);
	dt_expect_no_pages(test, f.pages);
	dt_buf_expect(test, &f.buf, 600, 4 * CARD_SEGMENT - 600);
	fixture_finish(test, &f);
}

/* Fragments that are charged their own bytes, and no more: the charges sum up to the packet's. */
static void skb_charge_uneven(struct kunit *test)
{
	static const unsigned int lens[] = { 1448, 1448, 1024, 424, 1 };
	unsigned int i, len = 0, charged = 0;
	struct skb_fixture f;
	struct sk_buff *skb;

	fixture_init(test, &f, SZ_1M);
	skb = dt_linear_packet(test, f.store, f.bytes, 0);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		dt_add_fragment(test, f.store, skb, f.bytes, lens[i], ALIGN(lens[i], 64));
		len += lens[i];
		charged += ALIGN(lens[i], 64);
	}
	take_packet(test, &f, skb);
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).live_bytes, len);
	/* What is left is shared evenly, but for a byte each. */
	KUNIT_EXPECT_LE(test, pages_stats(f.pages).held_bytes, charged);
	KUNIT_EXPECT_GE(test, pages_stats(f.pages).held_bytes, charged - ARRAY_SIZE(lens));
	/* The last one is not charged one byte. */
	KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&f.buf, len - 1), 0);
	KUNIT_EXPECT_GE(test, pages_stats(f.pages).held_bytes, 64);
	fixture_finish(test, &f);
}

/* At the limit bytes are copied, and referred to again below it. */
static void skb_limit(struct kunit *test)
{
	struct skb_fixture f;
	unsigned int i;

	fixture_init(test, &f, 2 * PAGE_SIZE);
	for (i = 0; i < 3; i++)
		take_packet(test, &f, dt_linear_packet(test, f.store, f.bytes + 100 * i, 100));
	expect_counts(test, &f, 200, 100);
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).held_bytes, 2 * PAGE_SIZE);
	dt_buf_expect(test, &f.buf, 0, 300);
	KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&f.buf, 100), 0);
	take_packet(test, &f, dt_linear_packet(test, f.store, f.bytes + 300, 100));
	expect_counts(test, &f, 300, 100);
	dt_buf_expect(test, &f.buf, 100, 300);
	fixture_finish(test, &f);
}

/* Attach bytes of the page that was used first. */
static int attach(struct skb_fixture *f, struct dualtree_buf *buf, size_t offset, size_t len,
		  size_t truesize)
{
	return dualtree_buf_attach_page(f->pages, buf, f->store->pages[0], offset, len, truesize,
					GFP_KERNEL);
}

static void skb_refused(struct kunit *test)
{
	struct dualtree_buf other;
	struct skb_fixture f;
	struct sk_buff *skb;

	fixture_init(test, &f, SZ_1M);
	dualtree_buf_init(&other, test_instance(test));
	skb = dt_linear_packet(test, f.store, f.bytes, 100);
	KUNIT_EXPECT_EQ(test, take(&f, &other, skb, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(&f, &f.buf, skb, 0, 101), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(&f, &f.buf, skb, 101, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, take(&f, &f.buf, skb, 100, 0), 0);
	KUNIT_EXPECT_EQ(test, attach(&f, &other, 0, 1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, attach(&f, &f.buf, 0, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, attach(&f, &f.buf, 0, 2, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, attach(&f, &f.buf, PACKET_PAGE_SIZE, 1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, attach(&f, &f.buf, 1, PACKET_PAGE_SIZE, PACKET_PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, attach(&f, &f.buf, 0, 1, SZ_1M + 1), -ENOSPC);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, dualtree_buf_len(&f.buf), 0);
	expect_counts(test, &f, 0, 0);
	fixture_finish(test, &f);
}

/* Each range in a page needs two records: without one of them nothing is taken. */
static void skb_no_memory(struct kunit *test)
{
	struct memory_hog *hog;
	struct skb_fixture f;
	struct sk_buff *skb;
	unsigned int left;
	int err;

	fixture_init_in(test, &f, dt_test_one_region(test), SZ_1M);
	skb = dt_linear_packet(test, f.store, f.bytes, 100);
	dt_add_fragment(test, f.store, skb, f.bytes + 100, 100, PACKET_PAGE_SIZE);
	dt_add_fragment(test, f.store, skb, f.bytes + 200, 100, PACKET_PAGE_SIZE);
	for (left = 0; left <= 6; left++) {
		hog = dt_hog_memory(test, f.dt, left);
		err = take(&f, &f.buf, skb, 0, 300);
		KUNIT_EXPECT_EQ(test, err, left < 6 ? -ENOMEM : 0);
		dt_buf_expect(test, &f.buf, 0, left < 6 ? 0 : 300);
		if (err)
			dt_expect_no_pages(test, f.pages);
		else
			KUNIT_EXPECT_EQ(test, dualtree_buf_compact(&f.buf, 0, GFP_KERNEL), -ENOMEM);
		dt_unhog_memory(f.dt, hog);
	}
	dt_buf_expect(test, &f.buf, 0, 300);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).referenced_bytes, 300);
	fixture_finish(test, &f);
}

/* What others own is neither extended nor given to a callee that may write it. */
static void skb_read_only(struct kunit *test)
{
	struct socket_pair pair = dt_tcp_pair(test);
	struct skb_fixture f;
	size_t len;
	u8 *mine;

	fixture_init(test, &f, SZ_1M);
	take_packet(test, &f, dt_linear_packet(test, f.store, f.bytes, 1000));
	KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, f.bytes + 1000, 500, 0), 500);
	KUNIT_EXPECT_EQ(test, dualtree_buf_recv(&f.buf, pair.far, 500, 0, GFP_KERNEL), 500);
	KUNIT_EXPECT_EQ(test, dualtree_buf_kvecs(&f.buf, 1500, NULL, 0), 2);
	mine = dualtree_buf_detach(&f.buf, 400, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(mine));
	KUNIT_EXPECT_TRUE(test, dualtree_owns(f.dt, mine, 400));
	KUNIT_EXPECT_TRUE(test, dt_filled(mine, 0, 400));
	KUNIT_EXPECT_EQ(test, dualtree_free(f.dt, mine, 400), 0);
	/* A reader gets them as they lie. */
	KUNIT_EXPECT_PTR_EQ(test, dualtree_buf_linearize(&f.buf, 600, GFP_KERNEL),
			    dualtree_buf_first(&f.buf, &len));
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).ranges, 1);
	dt_buf_expect(test, &f.buf, 400, 1100);
	fixture_finish(test, &f);
}

/* Read what is there. Return: the result of the last call, which got nothing. */
static ssize_t read_all(struct kunit *test, struct skb_fixture *f, struct socket *sock, size_t size)
{
	size_t before;
	ssize_t got;

	do {
		before = dualtree_buf_len(&f->buf);
		got = dualtree_buf_read_sock(f->pages, &f->buf, sock, size, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, dualtree_buf_len(&f->buf) - before, max_t(ssize_t, got, 0));
		KUNIT_EXPECT_LE(test, got, (ssize_t)size);
	} while (got > 0);
	return got;
}

/* The same, up to the stream's end, which comes in a softirq that may be late. */
static ssize_t read_to_end(struct kunit *test, struct skb_fixture *f, struct socket *sock,
			   size_t size)
{
	unsigned long end = jiffies + PATIENCE;
	ssize_t got;

	while ((got = read_all(test, f, sock, size)) == -EAGAIN && time_before(jiffies, end))
		usleep_range(500, 1000);
	return got;
}

/* A stream over loopback, in portions of all sizes: in pages, each byte, and once. */
static void skb_read_sock(struct kunit *test)
{
	static const size_t sizes[] = { 61, 100, 1460, 4096, 65536, SZ_1M };
	const size_t size = 300000;
	struct socket_pair pair = dt_tcp_pair(test);
	struct skb_fixture f;
	size_t sent, part, i = 0;

	fixture_init(test, &f, SZ_64M);
	KUNIT_EXPECT_EQ(test, read_all(test, &f, pair.far, 100), -EAGAIN);
	for (sent = 0; sent < size; sent += part, i++) {
		part = min(size - sent, 1 + (size_t)i * 997 % 8192);
		dt_fill(f.bytes, sent, part);
		KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, f.bytes, part, 0), part);
		KUNIT_EXPECT_EQ(test, read_all(test, &f, pair.far,
					       sizes[i % ARRAY_SIZE(sizes)]), -EAGAIN);
	}
	dt_close_socket(test, pair.near);
	KUNIT_EXPECT_EQ(test, read_to_end(test, &f, pair.far, SZ_1M), 0);
	dt_buf_expect(test, &f.buf, 0, size);
	expect_counts(test, &f, size, 0);
	KUNIT_EXPECT_GE(test, pages_stats(f.pages).held_bytes, size);
	fixture_finish(test, &f);
}

static void skb_read_sock_refused(struct kunit *test)
{
	struct socket_pair pair = dt_tcp_pair(test), streams = dt_unix_pair(test);
	struct dualtree_buf other;
	struct skb_fixture f;

	fixture_init(test, &f, SZ_1M);
	dualtree_buf_init(&other, test_instance(test));
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_sock(f.pages, &other, pair.far, 1, GFP_KERNEL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_sock(f.pages, &f.buf, pair.far, 0, GFP_KERNEL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_sock(f.pages, &f.buf, streams.far, 1, GFP_KERNEL),
			-EOPNOTSUPP);
	dt_reset_socket(test, pair.near);
	KUNIT_EXPECT_EQ(test, read_to_end(test, &f, pair.far, 1), -ECONNRESET);
	fixture_finish(test, &f);
}

/* Without records nothing leaves the socket, and with them all that was there does. */
static void skb_read_sock_no_memory(struct kunit *test)
{
	struct socket_pair pair = dt_tcp_pair(test);
	struct memory_hog *hog;
	struct skb_fixture f;

	fixture_init_in(test, &f, dt_test_one_region(test), SZ_1M);
	KUNIT_ASSERT_EQ(test, dt_plain_send(pair.near, f.bytes, 100, 0), 100);
	/* Until it is there: this takes nothing. */
	KUNIT_ASSERT_EQ(test, dt_plain_recv(pair.far, f.bytes, 100, MSG_PEEK | MSG_WAITALL), 100);
	hog = dt_hog_memory(test, f.dt, 1);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_sock(f.pages, &f.buf, pair.far, 100, GFP_KERNEL),
			-ENOMEM);
	dt_unhog_memory(f.dt, hog);
	KUNIT_EXPECT_EQ(test, dualtree_buf_read_sock(f.pages, &f.buf, pair.far, 100, GFP_KERNEL),
			100);
	dt_buf_expect(test, &f.buf, 0, 100);
	fixture_finish(test, &f);
}

/* Receive what the peer was sent, of each kind of socket. */
static void send_on(struct kunit *test, struct skb_fixture *f, struct dualtree_tx *tx,
		    struct socket_pair pair, size_t len)
{
	struct dualtree_buf clone;
	size_t sent = 0, got = 0;
	ssize_t now;

	dualtree_buf_init(&clone, f->dt);
	KUNIT_ASSERT_EQ(test, dualtree_buf_clone(&f->buf, len, &clone, GFP_KERNEL), 0);
	while (sent < len) {
		now = dualtree_buf_send(tx, pair.near, &clone, min_t(size_t, len - sent, 4000),
					MSG_DONTWAIT);
		if (now == -EAGAIN)
			now = 0;
		KUNIT_ASSERT_GE(test, now, 0);
		sent += now;
		got += dt_drain_socket(test, pair.far, got);
	}
	KUNIT_EXPECT_EQ(test, dt_receive_until(test, pair.far, got, len), len);
}

/* Read until the buffer has @len bytes. */
static void read_until(struct kunit *test, struct skb_fixture *f, struct socket *sock, size_t len)
{
	unsigned long end = jiffies + PATIENCE;

	while (read_all(test, f, sock, SZ_1M) == -EAGAIN && dualtree_buf_len(&f->buf) < len &&
	       time_before(jiffies, end))
		usleep_range(500, 1000);
	KUNIT_ASSERT_EQ(test, dualtree_buf_len(&f->buf), len);
}

/* What was received so is sent to several, with bytes of the instance between, and by all ways. */
static void skb_send_on(struct kunit *test)
{
	const size_t size = 60000;
	struct socket_pair from = dt_tcp_pair(test);
	struct dualtree_tx *tx;
	struct skb_fixture f;
	size_t sent;

	fixture_init(test, &f, SZ_64M);
	tx = dt_test_tx(test, f.dt);
	for (sent = 0; sent < size; sent += 4000) {
		dt_buf_append(test, &f.buf, sent, 1000);
		dt_fill(f.bytes, sent + 1000, 3000);
		KUNIT_ASSERT_EQ(test, dt_plain_send(from.near, f.bytes, 3000, 0), 3000);
		read_until(test, &f, from.far, sent + 4000);
	}
	dt_buf_expect(test, &f.buf, 0, size);
	send_on(test, &f, tx, dt_tcp_pair(test), size);
	send_on(test, &f, tx, dt_unix_pair(test), size);
	send_on(test, &f, tx, dt_udp_pair(test), size);
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).compacted_bytes, 0);
	/* The sends hold the pages for as long as they take. */
	dualtree_buf_purge(&f.buf);
	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, PATIENCE), 0);
	fixture_finish(test, &f);
}

/* From a card to a card: the device gets the page that the packet came in. */
static void skb_send_in_place(struct kunit *test)
{
	struct net_device *dev = dt_null_device(test);
	struct socket *sock = dt_null_socket(test, dev);
	struct dualtree_tx *tx;
	struct skb_fixture f;
	struct sk_buff *skb;
	skb_frag_t *frag;

	fixture_init(test, &f, SZ_1M);
	tx = dt_test_tx(test, f.dt);
	take_packet(test, &f, dt_linear_packet(test, f.store, f.bytes, 1000));
	KUNIT_EXPECT_EQ(test, dualtree_buf_skip(&f.buf, 100), 0);
	KUNIT_ASSERT_EQ(test, dualtree_buf_send(tx, sock, &f.buf, 900, 0), 900);
	KUNIT_ASSERT_EQ(test, skb_queue_len(dt_null_held(dev)), 1);
	skb = skb_dequeue(dt_null_held(dev));
	frag = &skb_shinfo(skb)->frags[0];
	KUNIT_EXPECT_PTR_EQ(test, compound_head(skb_frag_page(frag)), f.store->pages[0]);
	KUNIT_EXPECT_EQ(test, skb_frag_size(frag), 900);
	KUNIT_EXPECT_TRUE(test, dt_filled(skb_frag_address(frag), 100, 900));
	KUNIT_EXPECT_EQ(test, pages_stats(f.pages).ranges, 1);
	consume_skb(skb);
	dt_expect_sent(test, tx, 900, 0);
	fixture_finish(test, &f);
}

/* A tracker that is destroyed too early says so, and stays for the range that it counts. */
static void skb_destroyed_early(struct kunit *test)
{
	struct page_store *store = dt_test_page_store(test, PAGES_MAX);
	struct dualtree *dt = test_instance(test);
	struct dualtree_pages *pages = dualtree_pages_create(dt, SZ_1M);
	struct dualtree_buf buf;

	KUNIT_ASSERT_FALSE(test, IS_ERR(pages));
	dualtree_buf_init(&buf, dt);
	dt_buf_attach_ranges(test, pages, store, &buf, 0, 1000);
	dualtree_pages_destroy(pages);
	dualtree_pages_destroy(NULL);
	dt_buf_expect(test, &buf, 0, 1000);
	dualtree_buf_purge(&buf);
	dt_expect_pages_back(test, store);
	dt_expect_clean(test, dt);
}

static struct kunit_case netbuf_skb_cases[] = {
	KUNIT_CASE(skb_linear),
	KUNIT_CASE(skb_fragments),
	KUNIT_CASE(skb_charge),
	KUNIT_CASE(skb_charge_uneven),
	KUNIT_CASE(skb_limit),
	KUNIT_CASE(skb_refused),
	KUNIT_CASE(skb_no_memory),
	KUNIT_CASE(skb_read_only),
	KUNIT_CASE(skb_read_sock),
	KUNIT_CASE(skb_read_sock_refused),
	KUNIT_CASE(skb_read_sock_no_memory),
	KUNIT_CASE(skb_send_on),
	KUNIT_CASE(skb_send_in_place),
	KUNIT_CASE(skb_destroyed_early),
	{}
};

DUALTREE_SUITE(netbuf_skb, "packets into buffers");
