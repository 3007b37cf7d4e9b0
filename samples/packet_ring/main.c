// SPDX-License-Identifier: GPL-2.0
/*
 * packet_ring: a packet tap that frees each packet in parts.
 *
 * It taps every packet of every device and keeps the payloads of the newest `depth` packets.
 *
 *	for each packet				what is freed
 *	allocate 16 KiB, copy it in		the tail that it does not fill
 *	parse the headers			the front: 54 bytes, or more
 *	put the payload into the ring		nothing
 *	the consumer takes it out		pieces of odd sizes, from another CPU
 *
 * A packet of more than 16 KiB (segments before TSO, of 64 KiB and more) gets the next
 * multiple of 16 KiB. On OOM, or when the ring is full, the packet is dropped and counted.
 * Memory is bounded by depth + backlog packets, and by limit_mib. Unloading frees everything
 * and prints one line of counts.
 *
 * The tap sees a packet when it leaves a device and when it enters one. So a packet over
 * loopback is seen twice; outgoing_packets counts those that left. A VLAN tag that hardware
 * or the stack has removed is not in the bytes. Newer kernels (7.3 is one) show a
 * tap one network namespace, here the initial one.
 *
 * Counts are in debugfs, packet_ring/stats. The ring has a lock; the tap has none, and runs in
 * softirq or with softirqs disabled.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>

#include <dualtree/dualtree.h>

#include "counts.h"
#include "headers.h"
#include "ring.h"

/* Bytes to allocate before the length is known: what a reader of a socket takes. */
#define ROOM		SZ_16K
/* Packets that depth and backlog may each ask for: their table then takes 32 MiB. */
#define PACKETS_MAX	SZ_1M

static unsigned int depth = 512;
module_param(depth, uint, 0444);
MODULE_PARM_DESC(depth, "Payloads that are kept");

static unsigned int backlog = 512;
module_param(backlog, uint, 0444);
MODULE_PARM_DESC(backlog, "Payloads that may wait for the consumer beyond those");

static int consumer_cpu = -1;
module_param(consumer_cpu, int, 0444);
MODULE_PARM_DESC(consumer_cpu, "CPU of the consumer; -1: the last that is online");

static unsigned int limit_mib;
module_param(limit_mib, uint, 0444);
MODULE_PARM_DESC(limit_mib, "MiB that the packets may take; 0: no limit");

/* Set before the tap is added; unset after it is removed. */
static struct dualtree *packet_memory;
static struct ring *ring;
static struct dentry *debugfs_dir;

/* The packet's first byte as an offset from skb->data; 0 or negative. */
static int packet_start(const struct sk_buff *skb)
{
	return skb_mac_header_was_set(skb) ? skb_mac_offset(skb) : skb_network_offset(skb);
}

static void packet_parse(const struct sk_buff *skb, const void *data, unsigned int len,
			 struct headers *headers)
{
	if (skb->dev->type == ARPHRD_ETHER || skb->dev->type == ARPHRD_LOOPBACK)
		parse_ethernet(data, len, headers);
	else
		parse_network(data, len, skb_network_offset(skb) - packet_start(skb),
			      skb->protocol, headers);
}

static void headers_count(const struct headers *headers)
{
	if (headers->version == 4)
		count(IPV4_PACKETS, 1);
	else if (headers->version == 6)
		count(IPV6_PACKETS, 1);

	if (headers->transport == IPPROTO_TCP)
		count(TCP_PACKETS, 1);
	else if (headers->transport == IPPROTO_UDP)
		count(UDP_PACKETS, 1);
}

/* Copy the packet and trim the copy to its length. Return: the copy, or NULL. */
static void *packet_copy(const struct sk_buff *skb, unsigned int len)
{
	size_t room = round_up(len, ROOM);
	void *data;

	data = dualtree_alloc(packet_memory, room, GFP_ATOMIC | __GFP_NOWARN);
	if (!data) {
		count(DROPPED_MEMORY, 1);
		return NULL;
	}
	if (skb_copy_bits(skb, packet_start(skb), data, len)) {
		count_free(dualtree_free(packet_memory, data, room), DROP_FREES, room);
		count(DROPPED_UNREADABLE, 1);
		return NULL;
	}
	count_free(dualtree_trim(packet_memory, data, room, len), TAIL_FREES, room - len);
	return data;
}

static void packet_keep(const struct sk_buff *skb)
{
	unsigned int len = skb->len - packet_start(skb);
	struct headers headers;
	void *data, *payload;

	count(SEEN_PACKETS, 1);
	count(SEEN_BYTES, len);
	if (skb->pkt_type == PACKET_OUTGOING)
		count(OUTGOING_PACKETS, 1);

	data = packet_copy(skb, len);
	if (!data)
		return;
	packet_parse(skb, data, len, &headers);
	headers_count(&headers);
	if (headers.len)
		count_free(dualtree_free(packet_memory, data, headers.len), FRONT_FREES,
			   headers.len);

	payload = data + headers.len;
	len -= headers.len;
	if (!len) {
		count(EMPTY_PACKETS, 1);
	} else if (ring_put(ring, payload, len)) {
		count(KEPT_PACKETS, 1);
		count(KEPT_BYTES, len);
	} else {
		count_free(dualtree_free(packet_memory, payload, len), DROP_FREES, len);
		count(DROPPED_BACKLOG, 1);
	}
}

/* Any CPU, in softirq or with softirqs disabled. The skb is shared: it is only read. */
static int tap(struct sk_buff *skb, struct net_device *dev, struct packet_type *type,
	       struct net_device *orig_dev)
{
	packet_keep(skb);
	consume_skb(skb);
	return NET_RX_SUCCESS;
}

static struct packet_type tap_type = {
	.type = htons(ETH_P_ALL),
	.func = tap,
	/* On newer kernels a tap of all packets must name a device or a namespace. */
	.af_packet_net = &init_net,
};

static int stats_show(struct seq_file *seq, void *unused)
{
	show_counts(seq, packet_memory);
	seq_printf(seq, "ring_packets %u\n", ring_count(ring));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static int check_parameters(void)
{
	if (consumer_cpu == -1)
		consumer_cpu = cpumask_last(cpu_online_mask);
	if (consumer_cpu < 0 || consumer_cpu >= nr_cpu_ids || !cpu_online(consumer_cpu)) {
		pr_err("consumer_cpu %d is not online\n", consumer_cpu);
		return -EINVAL;
	}
	if (!depth || depth > PACKETS_MAX || !backlog || backlog > PACKETS_MAX) {
		pr_err("depth and backlog must be 1 to %d\n", PACKETS_MAX);
		return -EINVAL;
	}
	return 0;
}

static int __init packet_ring_init(void)
{
	struct dualtree_params params = {
		.limit = (size_t)limit_mib << 20,
		.flags = DUALTREE_REPORT_LEAKS,
	};
	int error;

	error = check_parameters();
	if (error)
		return error;
	packet_memory = dualtree_create("packet_ring", &params);
	if (IS_ERR(packet_memory))
		return PTR_ERR(packet_memory);
	ring = ring_create(packet_memory, depth, backlog, consumer_cpu);
	if (IS_ERR(ring)) {
		dualtree_destroy(packet_memory);
		return PTR_ERR(ring);
	}
	debugfs_dir = debugfs_create_dir("packet_ring", NULL);
	debugfs_create_file("stats", 0444, debugfs_dir, NULL, &stats_fops);
	dev_add_pack(&tap_type);
	return 0;
}

/* Stop the producer first, then the readers, then the consumer. The memory goes last. */
static void __exit packet_ring_exit(void)
{
	struct dualtree_stats stats;

	dev_remove_pack(&tap_type);
	debugfs_remove(debugfs_dir);
	ring_destroy(ring);
	dualtree_shrink(packet_memory);
	dualtree_get_stats(packet_memory, &stats);
	pr_info("unloaded: live %zu held %zu bad_frees %llu corrupt %lu kept %lu checked %lu\n",
		stats.live_bytes, stats.held_bytes, stats.bad_frees,
		count_sum(CORRUPT_PACKETS), count_sum(KEPT_PACKETS), count_sum(CHECKED_PACKETS));
	dualtree_destroy(packet_memory);
}

module_init(packet_ring_init);
module_exit(packet_ring_exit);

MODULE_DESCRIPTION("Sample of dualtree: a ring of packets whose parts die one by one");
MODULE_LICENSE("GPL");
