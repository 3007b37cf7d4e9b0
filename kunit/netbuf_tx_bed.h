/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites that send share: what keeps track of it, and how all that was sent is
 * accounted for in the end.
 */
#ifndef DUALTREE_KUNIT_NETBUF_TX_BED_H
#define DUALTREE_KUNIT_NETBUF_TX_BED_H

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include "netbuf_sockets.h"

static inline void tx_release(struct kunit_resource *res)
{
	dualtree_tx_destroy(res->data);
}

/* Destroyed at the end of the test: after the sockets that are made later. */
static inline struct dualtree_tx *make_tx(struct kunit *test, struct dualtree *dt)
{
	struct dualtree_tx *tx = dualtree_tx_create(dt);

	KUNIT_ASSERT_FALSE(test, IS_ERR(tx));
	kunit_alloc_resource(test, NULL, tx_release, GFP_KERNEL, tx);
	return tx;
}

static inline struct dualtree_tx_stats tx_stats(struct dualtree_tx *tx)
{
	struct dualtree_tx_stats stats;

	dualtree_tx_get_stats(tx, &stats);
	return stats;
}

/* Nothing is in flight, and all that was sent has been counted once. */
static inline void expect_landed(struct kunit *test, struct dualtree_tx *tx, size_t zerocopy,
				 size_t copied)
{
	struct dualtree_tx_stats stats;

	KUNIT_EXPECT_EQ(test, dualtree_tx_flush(tx, PATIENCE), 0);
	stats = tx_stats(tx);
	KUNIT_EXPECT_EQ(test, stats.zerocopy_bytes, zerocopy);
	KUNIT_EXPECT_EQ(test, stats.copied_bytes, copied);
	KUNIT_EXPECT_EQ(test, stats.inflight_bytes, 0);
	KUNIT_EXPECT_EQ(test, stats.inflight_ranges, 0);
}

/* Send until it would block. Return: bytes that were accepted. */
static inline size_t send_all(struct kunit *test, struct dualtree_tx *tx, struct socket *sock,
			      struct dualtree_buf *buf)
{
	size_t sum = 0, before;
	ssize_t sent;

	while (dualtree_buf_len(buf)) {
		before = dualtree_buf_len(buf);
		sent = dualtree_buf_send(tx, sock, buf, before, MSG_DONTWAIT);
		KUNIT_EXPECT_EQ(test, dualtree_buf_len(buf), before - max_t(ssize_t, sent, 0));
		if (sent == -EAGAIN)
			break;
		KUNIT_ASSERT_GT(test, sent, 0);
		sum += sent;
	}
	return sum;
}

/*
 * Send until the reader, who does not read, has no room and the socket neither: what would
 * block may otherwise be acknowledged the moment after. Then something stays in flight.
 */
static inline size_t send_until_stuck(struct kunit *test, struct dualtree_tx *tx,
				      struct socket *sock, struct dualtree_buf *buf)
{
	unsigned int idle = 0;
	size_t sum = 0, now;

	while (idle < 10 && dualtree_buf_len(buf)) {
		now = send_all(test, tx, sock, buf);
		sum += now;
		idle = now ? 0 : idle + 1;
		usleep_range(10000, 20000);
	}
	/* Otherwise what the test is about does not happen. */
	KUNIT_EXPECT_GT(test, dualtree_buf_len(buf), 0);
	KUNIT_EXPECT_GT(test, tx_stats(tx).inflight_bytes, 0);
	return sum;
}

/* A reader who takes what comes, until all is there. */
static inline size_t receive_until(struct kunit *test, struct socket *sock, size_t from, size_t to)
{
	unsigned long end = jiffies + PATIENCE;

	while (from < to && time_before(jiffies, end)) {
		from += drain_socket(test, sock, from);
		if (from < to)
			usleep_range(500, 1000);
	}
	return from;
}

#endif /* DUALTREE_KUNIT_NETBUF_TX_BED_H */
