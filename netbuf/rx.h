/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tracker of received packets, for rx.c and rx_ring.c; include/dualtree/netbuf_rx.h is the
 * contract.
 *
 * Lock: dualtree_rx.lock, taken with interrupts disabled, until the first buffers are posted and
 * after the slots are discarded; and always, if the tracker has no NAPI. Meanwhile @polled is set,
 * and the NAPI is what excludes others. Only the owner changes @polled, under the lock.
 */
#ifndef DUALTREE_NETBUF_RX_INTERNAL_H
#define DUALTREE_NETBUF_RX_INTERNAL_H

#include <dualtree/netbuf.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include "held.h"

/*
 * Maximum bytes of headers. The longest usual ones fit: Ethernet with two VLAN tags 22, IPv6 40,
 * TCP 60, and as much again for a tunnel.
 */
#define RX_HEADERS_MAX	256U

/* Maximum ranges of one hold of the lock: it keeps interrupts disabled meanwhile. */
#define RX_REAP_MAX	64

/* Ranges to look at when nothing is received, some 100,000 instructions. */
#define RX_REAP_IDLE	512

/**
 * struct dualtree_rx - a tracker of the pages that packets hold
 * @dt: the instance; constant, as are all members up to @copy_max but for dualtree_rx_set_size()
 * @napi: the NAPI whose poll makes all calls while @polled, or NULL
 * @limit: maximum of @held.bytes
 * @slot_size: bytes of a slot's buffer
 * @headroom: bytes of it before what the device writes
 * @copybreak: as in struct dualtree_rx_params
 * @split: buffers are whole pages, without headers
 * @fragments: no packet is its buffer
 * @in_page: does it lie in one page, with room for struct skb_shared_info at its end?
 * @copy_max: bytes up to which a frame is copied
 * @rest: what the last allocation of buffers has left, for the next ones
 * @rest_len: its length in bytes
 * @polled: buffers are posted, and @napi excludes others
 * @lock: guards all members below, unless @polled
 * @held: what packets hold
 * @packets: as in struct dualtree_rx_stats
 * @copied: as in struct dualtree_rx_stats
 * @reaped_at: @packets at the last reap
 * @idle: the timer has seen no packet since it last expired; the next reap of @napi looks at more
 * @timer: reaps, or schedules @napi or @reaper, while packets hold anything
 * @seen: packets that the timer has seen; the timer's
 * @delay: jiffies until it looks again
 * @visit: schedules one of the NAPIs on one of @cpus
 * @visited: the last one of @cpus of which @visit was; the timer's
 * @reaper: reaps while @napi is disabled
 * @all: entry in the list of all trackers
 * @cpus: CPUs on which @napi has polled
 */
struct dualtree_rx {
	struct dualtree *dt;
	struct napi_struct *napi;
	size_t limit;
	unsigned int slot_size;
	unsigned int headroom;
	unsigned int copybreak;
	bool split;
	bool fragments;
	bool in_page;
	unsigned int copy_max;
	u8 *rest;
	size_t rest_len;
	bool polled;
	spinlock_t lock;	/* guards all below */
	struct dt_held_set held;
	u64 packets;
	u64 copied;
	u64 reaped_at;
	bool idle;
	struct timer_list timer;
	u64 seen;
	unsigned long delay;
	struct work_struct visit;
	unsigned int visited;
	struct napi_struct reaper;
	struct list_head all;
	struct cpumask cpus;
};

/**
 * struct dt_rx_range - a range of an instance that a packet keeps
 * @data: first byte
 * @len: bytes that the packet keeps
 * @tail: bytes after these that it does not; then @data + @len begins a granule
 * @follows: as in struct dt_held
 */
struct dt_rx_range {
	u8 *data;
	size_t len;
	size_t tail;
	bool follows;
};

/* For the owner: any caller but the poll of @reaper. */
static inline unsigned long rx_lock(struct dualtree_rx *rx)
	__acquires(&rx->lock)
{
	unsigned long flags = 0;

	if (!rx->polled)
		spin_lock_irqsave(&rx->lock, flags);
	else
		__acquire(&rx->lock);
	return flags;
}

static inline void rx_unlock(struct dualtree_rx *rx, unsigned long flags)
	__releases(&rx->lock)
{
	if (!rx->polled)
		spin_unlock_irqrestore(&rx->lock, flags);
	else
		__release(&rx->lock);
}

void dt_rx_set_polled(struct dualtree_rx *rx, bool polled);

/* Slots are in use: NAPI excludes others from here on. */
static inline void rx_enter_poll(struct dualtree_rx *rx)
{
	if (unlikely(!rx->polled))
		dt_rx_set_polled(rx, true);
}

/* Make room at the limit and in the queue for a packet of @bytes. Under the lock. */
bool dt_rx_make_room_slow(struct dualtree_rx *rx, size_t bytes);

static inline bool rx_make_room(struct dualtree_rx *rx, size_t bytes)
{
	if (likely(rx->held.bytes + bytes <= rx->limit))
		return dt_held_make_room(&rx->held);
	return dt_rx_make_room_slow(rx, bytes);
}

void dt_rx_add_frags(struct sk_buff *skb, u8 *data, size_t len);
void dt_rx_hold(struct dualtree_rx *rx, struct sk_buff *skb, const struct dt_rx_range *range);

struct sk_buff *dt_rx_alloc_copy(struct napi_struct *napi, size_t len, size_t headers, gfp_t gfp);
void dt_rx_fill_copy(struct sk_buff *skb, unsigned int done, const u8 *data);

/*
 * Start the timer while packets hold anything. Under the lock. A packet of a tracker with a NAPI
 * may wait to be freed on the CPU that received it: so the timer runs there.
 */
static inline void rx_start_timer(struct dualtree_rx *rx)
{
	if (!timer_pending(&rx->timer) && dt_held_nr(&rx->held))
		mod_timer(&rx->timer, jiffies + rx->delay);
}

void dt_rx_free_rest(struct dualtree_rx *rx);

void dt_rx_timer_init(struct dualtree_rx *rx);
void dt_rx_timer_exit(struct dualtree_rx *rx);
int dt_rx_idle_init(void);
void dt_rx_idle_exit(void);

#endif /* DUALTREE_NETBUF_RX_INTERNAL_H */
