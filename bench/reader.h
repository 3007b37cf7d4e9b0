/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A reader of packets, as a loop: it takes room, uses part of it, and frees it in pieces.
 */
#ifndef DUALTREE_BENCH_READER_H
#define DUALTREE_BENCH_READER_H

#include <linux/gfp.h>
#include <linux/sizes.h>

#include <dualtree/dualtree.h>

#include "cost.h"

/* What it takes, what arrives, what of that is headers. */
#define READ_ROOM	SZ_16K
#define READ_LEN	1400
#define READ_HEAD	54
#define READ_PAYLOAD	(READ_LEN - READ_HEAD)

/* Returns the payload of one packet: the tail has died, and the headers. */
static __always_inline void *read_one(struct dualtree *dt)
{
	void *packet = dualtree_alloc(dt, READ_ROOM, GFP_ATOMIC);

	dualtree_trim(dt, packet, READ_ROOM, READ_LEN);
	dualtree_free(dt, packet, READ_HEAD);
	return packet + READ_HEAD;
}

static void reader_loop(const struct cost_row *row, void *ctx, unsigned int ops)
{
	while (ops--)
		dualtree_free(ctx, read_one(ctx), READ_PAYLOAD);
}

#endif /* DUALTREE_BENCH_READER_H */
