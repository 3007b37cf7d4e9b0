/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The length of a packet's headers.
 *
 * Known headers: Ethernet with VLAN tags, IPv4 with options, IPv6 with extension headers, TCP
 * with options, UDP. A header that is unknown, truncated or implausible counts as payload,
 * and so does everything after it. The result never exceeds the packet's length, and no byte
 * after the packet is read.
 */
#ifndef PACKET_RING_HEADERS_H
#define PACKET_RING_HEADERS_H

#include <linux/types.h>

/**
 * struct headers - the result of a parse
 * @len: length of all headers, in bytes
 * @version: 4 or 6 where there is an IP header, else 0
 * @transport: IPPROTO_TCP or IPPROTO_UDP where there is a header of one, else 0
 */
struct headers {
	unsigned int len;
	u8 version;
	u8 transport;
};

/* Parse a packet that begins with an Ethernet header. */
void parse_ethernet(const void *data, unsigned int len, struct headers *headers);

/* Parse a packet of another link type, whose link header is @link_len bytes long. */
void parse_network(const void *data, unsigned int len, unsigned int link_len,
		   __be16 protocol, struct headers *headers);

#endif /* PACKET_RING_HEADERS_H */
