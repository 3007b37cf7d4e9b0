// SPDX-License-Identifier: GPL-2.0
/*
 * Usage: vnic_ring SENDER RECEIVER ADDRESS INTERFACE SIZE NR
 *
 * Sends NR datagrams of 8 to SIZE bytes and has them captured in a ring of AF_PACKET (TPACKET_V3)
 * on INTERFACE. SENDER and RECEIVER are files of network namespaces, or "-"; ADDRESS is the
 * receiver's, and INTERFACE has it. Prints lines "NAME VALUE":
 *
 *	captured	datagrams that were captured
 *	wrong		those that are not as they were sent
 *
 * Status: 0 if all were captured and nothing was wrong.
 */
#define _GNU_SOURCE
#include "ends.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <poll.h>
#include <sys/mman.h>

#define PORT		5211

#define BLOCK_SIZE	(256 << 10)
#define BLOCKS		8

/* Datagrams that are under way at most: few enough for the ring of the device. */
#define BATCH		32

/* Milliseconds until a block with few frames is ours, and until a datagram counts as lost. */
#define RETIRE_MS	20
#define LOST_MS		10000

/**
 * struct capture - a ring and what was in it
 * @fd: its socket
 * @map: its blocks
 * @block: the next one
 * @size: bytes of a datagram at most
 * @captured: datagrams of ours
 * @wrong: of these, wrong
 */
struct capture {
	int fd;
	char *map;
	unsigned int block;
	unsigned int size;
	unsigned int captured;
	unsigned int wrong;
};

static unsigned int size_of(const struct capture *capture, unsigned int nr)
{
	return 8 + nr * 2654435761u % (capture->size - 7);
}

static void open_ring(struct capture *capture, const char *interface)
{
	struct tpacket_req3 req = {
		.tp_block_size = BLOCK_SIZE, .tp_block_nr = BLOCKS, .tp_frame_size = 2048,
		.tp_frame_nr = BLOCKS * BLOCK_SIZE / 2048, .tp_retire_blk_tov = RETIRE_MS,
	};
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(interface),
	};
	int version = TPACKET_V3;

	capture->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (capture->fd < 0 ||
	    setsockopt(capture->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(capture->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		err(2, "a ring of AF_PACKET");
	capture->map = mmap(NULL, BLOCKS * BLOCK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			    capture->fd, 0);
	if (capture->map == MAP_FAILED || bind(capture->fd, (struct sockaddr *)&to, sizeof(to)))
		err(2, "%s", interface);
}

/* Return: the UDP header of a frame that is a datagram to our port, or NULL. */
static const struct udphdr *our_datagram(const char *frame, unsigned int len)
{
	const struct ethhdr *eth = (const void *)frame;
	const struct ipv6hdr *ip6 = (const void *)(eth + 1);
	const struct iphdr *ip = (const void *)(eth + 1);
	const struct udphdr *udp = NULL;

	if (eth->h_proto == htons(ETH_P_IP) && ip->protocol == IPPROTO_UDP)
		udp = (const void *)(ip + 1);
	else if (eth->h_proto == htons(ETH_P_IPV6) && ip6->nexthdr == IPPROTO_UDP)
		udp = (const void *)(ip6 + 1);
	if (!udp || (const char *)(udp + 1) > frame + len || udp->dest != htons(PORT))
		return NULL;
	return udp;
}

static void look_at(struct capture *capture, const struct tpacket3_hdr *header)
{
	const char *frame = (const char *)header + header->tp_mac;
	const struct udphdr *udp = our_datagram(frame, header->tp_snaplen);
	unsigned int size = size_of(capture, capture->captured);
	const char *data = (const char *)(udp + 1);

	if (!udp)
		return;
	capture->wrong += header->tp_snaplen != header->tp_len ||
			  data + size != frame + header->tp_len ||
			  wrong_bytes(data, capture->captured, size);
	capture->captured++;
}

/* Take the next block, if there is one in time. Return: false if not. */
static int take_block(struct capture *capture)
{
	struct tpacket_block_desc *block = (void *)(capture->map + capture->block * BLOCK_SIZE);
	struct pollfd wait = { .fd = capture->fd, .events = POLLIN };
	const struct tpacket3_hdr *header;
	unsigned int i;

	while (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		if (poll(&wait, 1, LOST_MS) <= 0)
			return 0;
	header = (const void *)((char *)block + block->hdr.bh1.offset_to_first_pkt);
	for (i = 0; i < block->hdr.bh1.num_pkts; i++) {
		look_at(capture, header);
		header = (const void *)((const char *)header + header->tp_next_offset);
	}
	__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	capture->block = (capture->block + 1) % BLOCKS;
	return 1;
}

int main(int argc, char **argv)
{
	static struct capture capture;
	static char data[65536];
	unsigned int nr, i;
	int from;

	if (argc != 7)
		errx(2, "usage: vnic_ring SENDER RECEIVER ADDRESS INTERFACE SIZE NR");
	capture.size = atoi(argv[5]);
	nr = atoi(argv[6]);
	enter_namespace(argv[2]);
	open_ring(&capture, argv[4]);
	/* It is there, so that no error comes back; it is full soon. */
	bind_to(SOCK_DGRAM, PORT);
	enter_namespace(argv[1]);
	from = connect_to(argv[3], SOCK_DGRAM, PORT);
	for (i = 0; i < nr; i++) {
		fill_bytes(data, i, size_of(&capture, i));
		if (send(from, data, size_of(&capture, i), 0) < 0)
			err(2, "send");
		while (i + 1 - capture.captured >= BATCH && take_block(&capture))
			;
	}
	while (capture.captured < nr && take_block(&capture))
		;
	printf("captured %u\nwrong %u\n", capture.captured, capture.wrong);
	return capture.wrong || capture.captured != nr;
}
