// SPDX-License-Identifier: GPL-2.0
/*
 * The ring and its consumer. ring.h has the contract.
 *
 * The consumer frees each payload in pieces of odd sizes. They begin and end inside granules,
 * so most adjacent pieces share one. Most frees are remote: only packets that arrived on the
 * consumer's CPU were allocated there.
 *
 * Locks: ring.lock, taken with softirqs disabled, since the tap runs in softirq.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crc32.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <dualtree/dualtree.h>

#include "counts.h"
#include "ring.h"

/* Jiffies between two looks at the maxima: short against the life of a payload. */
#define SAMPLE_PERIOD	(HZ / 20)

struct packet {
	u8 *payload;
	unsigned int len;
	u32 checksum;
};

struct ring {
	struct dualtree *dt;
	unsigned int depth;
	unsigned int size;		/* depth plus backlog */
	wait_queue_head_t overdue;	/* the consumer waits here */
	struct task_struct *consumer;

	/* The consumer's: the thread, and ring_destroy() after it has ended. */
	unsigned int next_piece;
	unsigned long next_sample;

	spinlock_t lock;		/* protects what follows */
	unsigned int first;		/* index of the oldest packet */
	unsigned int count;		/* read without the lock, too */
	struct packet packets[];
};

/* Bytes of each piece, in turn. */
static const unsigned int piece_sizes[] = { 1, 3, 7, 50, 31, 139, 977, 4099 };

/*
 * A fault to inject into one packet at unload, when no other CPU uses the ring.
 * scripts/demo --self-check sets it and requires that each fault is reported.
 */
static char *inject = "";
module_param(inject, charp, 0444);
MODULE_PARM_DESC(inject, "Do one thing wrong at unload: leak, corrupt or double_free");

/* Bytes of the packet that gets the fault, at least: enough for a whole granule of 128. */
#define INJECT_LEN_MIN	256

static bool ring_has_overdue(const struct ring *ring)
{
	return ring_count(ring) > ring->depth;
}

/* Take the oldest packet out if the ring has more than @keep. Return: true if it did. */
static bool ring_take_oldest(struct ring *ring, unsigned int keep, struct packet *packet)
{
	bool taken = false;

	spin_lock_bh(&ring->lock);
	if (ring->count > keep) {
		*packet = ring->packets[ring->first];
		ring->first = (ring->first + 1) % ring->size;
		WRITE_ONCE(ring->count, ring->count - 1);
		taken = true;
	}
	spin_unlock_bh(&ring->lock);
	return taken;
}

static unsigned int ring_next_piece_size(struct ring *ring)
{
	return piece_sizes[ring->next_piece++ % ARRAY_SIZE(piece_sizes)];
}

/* Free a payload piece by piece, and compare its checksum. */
static void packet_consume(struct ring *ring, const struct packet *packet)
{
	u32 checksum = ~0;
	unsigned int done, piece;
	const u8 *at;

	for (done = 0; done < packet->len; done += piece) {
		piece = min(ring_next_piece_size(ring), packet->len - done);
		at = packet->payload + done;
		checksum = crc32_le(checksum, at, piece);
		count_free(dualtree_free(ring->dt, at, piece), PIECE_FREES, piece);
	}
	count(CHECKED_PACKETS, 1);
	if (checksum != packet->checksum) {
		count(CORRUPT_PACKETS, 1);
		pr_err_once("a payload of %u bytes is not what it was\n", packet->len);
	}
}

static void packet_consume_faulty(struct ring *ring, const struct packet *packet)
{
	pr_info("doing one thing wrong, as asked: %s\n", inject);
	if (!strcmp(inject, "leak"))
		return;
	if (!strcmp(inject, "corrupt"))
		packet->payload[packet->len / 2] ^= 1;
	packet_consume(ring, packet);
	if (!strcmp(inject, "double_free"))
		count_free(dualtree_free(ring->dt, packet->payload, packet->len), PIECE_FREES,
			   packet->len);
}

static void ring_sample_peaks(struct ring *ring)
{
	if (time_before(jiffies, ring->next_sample))
		return;
	sample_peaks(ring->dt);
	ring->next_sample = jiffies + SAMPLE_PERIOD;
}

static int ring_consumer(void *data)
{
	struct ring *ring = data;
	struct packet packet;

	while (!kthread_should_stop()) {
		wait_event_interruptible_timeout(ring->overdue,
						 kthread_should_stop() || ring_has_overdue(ring),
						 SAMPLE_PERIOD);
		while (!kthread_should_stop() && ring_take_oldest(ring, ring->depth, &packet)) {
			packet_consume(ring, &packet);
			ring_sample_peaks(ring);
			cond_resched();
		}
		ring_sample_peaks(ring);
	}
	return 0;
}

struct ring *ring_create(struct dualtree *dt, unsigned int depth, unsigned int backlog, int cpu)
{
	struct task_struct *task;
	struct ring *ring;

	ring = kvzalloc(struct_size(ring, packets, depth + backlog), GFP_KERNEL);
	if (!ring)
		return ERR_PTR(-ENOMEM);
	ring->dt = dt;
	ring->depth = depth;
	ring->size = depth + backlog;
	ring->next_sample = jiffies;
	init_waitqueue_head(&ring->overdue);
	spin_lock_init(&ring->lock);

	task = kthread_create(ring_consumer, ring, "packet_ring");
	if (IS_ERR(task)) {
		kvfree(ring);
		return ERR_CAST(task);
	}
	kthread_bind(task, cpu);
	ring->consumer = task;
	wake_up_process(task);
	return ring;
}

bool ring_put(struct ring *ring, void *payload, unsigned int len)
{
	struct packet packet = {
		.payload = payload,
		.len = len,
		.checksum = crc32_le(~0, payload, len),
	};
	bool room;

	spin_lock_bh(&ring->lock);
	room = ring->count < ring->size;
	if (room) {
		ring->packets[(ring->first + ring->count) % ring->size] = packet;
		WRITE_ONCE(ring->count, ring->count + 1);
	}
	spin_unlock_bh(&ring->lock);

	if (ring_has_overdue(ring))
		wake_up(&ring->overdue);
	return room;
}

unsigned int ring_count(const struct ring *ring)
{
	return READ_ONCE(ring->count);
}

void ring_destroy(struct ring *ring)
{
	bool wrong = *inject;
	struct packet packet;

	kthread_stop(ring->consumer);
	sample_peaks(ring->dt);
	while (ring_take_oldest(ring, 0, &packet)) {
		if (wrong && packet.len >= INJECT_LEN_MIN) {
			wrong = false;
			packet_consume_faulty(ring, &packet);
		} else {
			packet_consume(ring, &packet);
		}
		cond_resched();
	}
	kvfree(ring);
}
