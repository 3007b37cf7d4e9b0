// SPDX-License-Identifier: GPL-2.0
/*
 * The ring and its consumer; see ring.h.
 *
 * The pieces have odd sizes on purpose: they begin and end inside granules, and two of
 * them share one more often than not. The frees come from another CPU than the
 * allocation did, for all payloads but those that arrived on the consumer's own.
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

#define SAMPLE_PERIOD	(HZ / 20)

struct packet {
	u8 *payload;
	unsigned int len;
	u32 checksum;
};

struct ring {
	struct dualtree *dt;
	unsigned int depth;
	unsigned int size;		/* depth and backlog */
	wait_queue_head_t overdue;	/* the consumer waits here */
	struct task_struct *consumer;

	/* Only whoever consumes: the thread, and ring_destroy() when it is gone. */
	unsigned int next_piece;
	unsigned long next_sample;

	spinlock_t lock;		/* protects what follows */
	unsigned int first;		/* index of the oldest packet */
	unsigned int count;		/* written under the lock, read anywhere */
	struct packet packets[];
};

static const unsigned int piece_sizes[] = { 1, 3, 7, 50, 31, 139, 977, 4099 };

/*
 * What is done wrong on purpose, to one packet when the module is unloaded and no other
 * CPU is at work. scripts/demo --self-check uses it to show that each is noticed.
 */
static char *inject = "";
module_param(inject, charp, 0444);
MODULE_PARM_DESC(inject, "Do one thing wrong at unload: leak, corrupt or double_free");

/* A packet to do it to: large enough to hold whole granules. */
#define INJECT_MIN_LEN	256

static bool has_overdue(const struct ring *ring)
{
	return ring_count(ring) > ring->depth;
}

/* Takes the oldest packet out if there are more than @keep. */
static bool take_oldest(struct ring *ring, unsigned int keep, struct packet *packet)
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

static unsigned int next_piece_size(struct ring *ring)
{
	return piece_sizes[ring->next_piece++ % ARRAY_SIZE(piece_sizes)];
}

/* A piece is dead as soon as it has been looked at. */
static void consume(struct ring *ring, const struct packet *packet)
{
	u32 checksum = ~0;
	unsigned int done, piece;
	const u8 *at;

	for (done = 0; done < packet->len; done += piece) {
		piece = min(next_piece_size(ring), packet->len - done);
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

static void consume_wrongly(struct ring *ring, const struct packet *packet)
{
	pr_info("doing one thing wrong, as asked: %s\n", inject);
	if (!strcmp(inject, "leak"))
		return;
	if (!strcmp(inject, "corrupt"))
		packet->payload[packet->len / 2] ^= 1;
	consume(ring, packet);
	if (!strcmp(inject, "double_free"))
		count_free(dualtree_free(ring->dt, packet->payload, packet->len), PIECE_FREES,
			   packet->len);
}

static void sample_if_due(struct ring *ring)
{
	if (time_before(jiffies, ring->next_sample))
		return;
	sample_peaks(ring->dt);
	ring->next_sample = jiffies + SAMPLE_PERIOD;
}

static int consumer(void *data)
{
	struct ring *ring = data;
	struct packet packet;

	while (!kthread_should_stop()) {
		wait_event_interruptible_timeout(ring->overdue,
						 kthread_should_stop() || has_overdue(ring),
						 SAMPLE_PERIOD);
		while (!kthread_should_stop() && take_oldest(ring, ring->depth, &packet)) {
			consume(ring, &packet);
			sample_if_due(ring);
			cond_resched();
		}
		sample_if_due(ring);
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

	task = kthread_create(consumer, ring, "packet_ring");
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

	if (has_overdue(ring))
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
	while (take_oldest(ring, 0, &packet)) {
		if (wrong && packet.len >= INJECT_MIN_LEN) {
			wrong = false;
			consume_wrongly(ring, &packet);
		} else {
			consume(ring, &packet);
		}
		cond_resched();
	}
	kvfree(ring);
}
