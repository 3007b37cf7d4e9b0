/* SPDX-License-Identifier: GPL-2.0 */
/* What keeps track of an instance's sends: counted, and waited for. */
#ifndef DUALTREE_NETBUF_TX_PRIVATE_H
#define DUALTREE_NETBUF_TX_PRIVATE_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/wait.h>

struct dualtree;

/**
 * struct dualtree_tx - the sends of an instance
 * @dt: the instance
 * @users: whoever created it, and each send until its very end. The last one frees it: a waiter
 *	may go on as soon as @flying is 0, before the waking is over
 * @flying: sends that the stack has not done with
 * @idle: woken when that becomes 0
 * @sends: as in struct dualtree_tx_stats, like all that follow; any CPU
 * @zerocopy_bytes: finished without a copy
 * @copied_bytes: copied by the socket or by the stack
 * @copied_sends: sends that those are of
 * @flying_bytes: accepted and not finished
 * @flying_ranges: ranges that those lie in
 */
struct dualtree_tx {
	struct dualtree *dt;
	refcount_t users;
	atomic_t flying;
	wait_queue_head_t idle;
	atomic64_t sends;
	atomic64_t zerocopy_bytes;
	atomic64_t copied_bytes;
	atomic64_t copied_sends;
	atomic_long_t flying_bytes;
	atomic_long_t flying_ranges;
};

void dt_tx_begin(struct dualtree_tx *tx);
void dt_tx_end(struct dualtree_tx *tx);
void dt_tx_count_copied(struct dualtree_tx *tx, size_t bytes);

#endif /* DUALTREE_NETBUF_TX_PRIVATE_H */
