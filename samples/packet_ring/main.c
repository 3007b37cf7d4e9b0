// SPDX-License-Identifier: GPL-2.0
/*
 * packet_ring: a driver that uses dualtree as any other would.
 *
 * It taps every packet of every device and keeps the payloads of the newest `depth` of
 * them. For each packet:
 *
 * - it allocates 16 KiB, since it does not know yet what comes; for a packet that is
 *   larger (the kernel hands its own segments around unsplit, up to 64 KiB and more)
 *   the next multiple of 16 KiB;
 * - it copies the packet in and trims the allocation to its length: the tail dies;
 * - it parses the headers and frees them: the front dies;
 * - the payload goes into a ring, out of which another CPU takes it in pieces.
 *
 * Without memory, or with the consumer too far behind, the packet is dropped and
 * counted. Memory is bounded by depth + backlog packets, or by limit_mib. Unloading
 * gives everything back and says so in one line.
 *
 * The tap sees a packet where it leaves a device and where it enters one: what goes
 * over loopback is seen twice, and outgoing_packets says how many were on their way out.
 * A VLAN tag that the hardware or the stack has taken off is not among the bytes. Newer
 * kernels show a tap only one network namespace: it is the initial one.
 *
 * Counts are in debugfs, packet_ring/stats.
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

#define ROOM		SZ_16K
#define MAX_PACKETS	SZ_1M

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

/* All three are set before the tap is added, and outlive it. */
static struct dualtree *packet_memory;
static struct ring *ring;
static struct dentry *debugfs_dir;

/* Where the packet begins, as an offset from skb->data: not above 0. */
static int packet_start(const struct sk_buff *skb)
{
	return skb_mac_header_was_set(skb) ? skb_mac_offset(skb) : skb_network_offset(skb);
}

static void parse_packet(const struct sk_buff *skb, const void *data, unsigned int len,
			 struct headers *headers)
{
	if (skb->dev->type == ARPHRD_ETHER || skb->dev->type == ARPHRD_LOOPBACK)
		parse_ethernet(data, len, headers);
	else
		parse_network(data, len, skb_network_offset(skb) - packet_start(skb),
			      skb->protocol, headers);
}

static void count_headers(const struct headers *headers)
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

/* A copy of the packet in memory of just its length, or NULL. */
static void *copy_packet(const struct sk_buff *skb, unsigned int len)
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

static void keep_packet(const struct sk_buff *skb)
{
	unsigned int len = skb->len - packet_start(skb);
	struct headers headers;
	void *data, *payload;

	count(SEEN_PACKETS, 1);
	count(SEEN_BYTES, len);
	if (skb->pkt_type == PACKET_OUTGOING)
		count(OUTGOING_PACKETS, 1);

	data = copy_packet(skb, len);
	if (!data)
		return;
	parse_packet(skb, data, len, &headers);
	count_headers(&headers);
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

/* Runs on any CPU, in softirq or with softirqs disabled. Others have the skb as well. */
static int tap(struct sk_buff *skb, struct net_device *dev, struct packet_type *type,
	       struct net_device *orig_dev)
{
	keep_packet(skb);
	consume_skb(skb);
	return NET_RX_SUCCESS;
}

static struct packet_type tap_type = {
	.type = htons(ETH_P_ALL),
	.func = tap,
	/* Newer kernels want a tap of all packets to name a device or a namespace. */
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
	if (!depth || depth > MAX_PACKETS || !backlog || backlog > MAX_PACKETS) {
		pr_err("depth and backlog must be 1 to %d\n", MAX_PACKETS);
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

/* Whoever produces first, then whoever reads, then the consumer, then the memory. */
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
