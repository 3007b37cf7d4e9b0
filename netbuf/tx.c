// SPDX-License-Identifier: GPL-2.0
/*
 * What keeps track of an instance's sends, so that nobody takes the memory away, or the
 * module, while the stack may still call.
 */
#include <dualtree/netbuf.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "tx.h"

struct dualtree_tx *dualtree_tx_create(struct dualtree *dt)
{
	struct dualtree_tx *tx = kzalloc(sizeof(*tx), GFP_KERNEL);

	if (!tx)
		return ERR_PTR(-ENOMEM);
	/* The caller uses our symbols: there is a reference already. */
	__module_get(THIS_MODULE);
	tx->dt = dt;
	refcount_set(&tx->users, 1);
	init_waitqueue_head(&tx->idle);
	return tx;
}
EXPORT_SYMBOL_GPL(dualtree_tx_create);

static void tx_release(struct dualtree_tx *tx)
{
	if (!refcount_dec_and_test(&tx->users))
		return;
	kfree(tx);
	module_put(THIS_MODULE);
}

void dt_tx_begin(struct dualtree_tx *tx)
{
	refcount_inc(&tx->users);
	atomic_inc(&tx->flying);
}

/* A send is over: all its memory is back. Any context but NMI. */
void dt_tx_end(struct dualtree_tx *tx)
{
	if (atomic_dec_and_test(&tx->flying))
		wake_up_all(&tx->idle);
	tx_release(tx);
}

void dt_tx_count_copied(struct dualtree_tx *tx, size_t bytes)
{
	atomic64_add(bytes, &tx->copied_bytes);
	atomic64_inc(&tx->copied_sends);
}

int dualtree_tx_flush(struct dualtree_tx *tx, long timeout)
{
	/* One look more than wait_event_timeout() takes at a timeout of 0. */
	if (!atomic_read_acquire(&tx->flying))
		return 0;
	return wait_event_timeout(tx->idle, !atomic_read_acquire(&tx->flying), timeout) ?
	       0 : -ETIMEDOUT;
}
EXPORT_SYMBOL_GPL(dualtree_tx_flush);

void dualtree_tx_destroy(struct dualtree_tx *tx)
{
	if (!tx)
		return;
	dualtree_tx_flush(tx, MAX_SCHEDULE_TIMEOUT);
	tx_release(tx);
}
EXPORT_SYMBOL_GPL(dualtree_tx_destroy);

void dualtree_tx_get_stats(struct dualtree_tx *tx, struct dualtree_tx_stats *stats)
{
	stats->sends = atomic64_read(&tx->sends);
	stats->zerocopy_bytes = atomic64_read(&tx->zerocopy_bytes);
	stats->copied_bytes = atomic64_read(&tx->copied_bytes);
	stats->copied_sends = atomic64_read(&tx->copied_sends);
	stats->flying_bytes = atomic_long_read(&tx->flying_bytes);
	stats->flying_ranges = atomic_long_read(&tx->flying_ranges);
}
EXPORT_SYMBOL_GPL(dualtree_tx_get_stats);
