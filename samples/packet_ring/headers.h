/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many bytes at the front of a packet are headers?
 *
 * Ethernet with VLAN tags, IPv4 with options, IPv6 with extension headers, TCP with
 * options, UDP. The answer is never more than the bytes that are there, whatever they
 * say, and nothing beyond them is read. Whatever is not known, not whole or not
 * plausible is payload, and all behind it.
 */
#ifndef PACKET_RING_HEADERS_H
#define PACKET_RING_HEADERS_H

#include <linux/types.h>

/**
 * struct headers - what was found
 * @len: bytes of all headers
 * @version: 4 or 6 where there is an IP header, else 0
 * @transport: IPPROTO_TCP or IPPROTO_UDP where there is a header of one, else 0
 */
struct headers {
	unsigned int len;
	u8 version;
	u8 transport;
};

/* A packet that begins with an Ethernet header. */
void parse_ethernet(const void *data, unsigned int len, struct headers *headers);

/* A packet of a link that we do not know: its header is @link_len bytes long. */
void parse_network(const void *data, unsigned int len, unsigned int link_len,
		   __be16 protocol, struct headers *headers);

#endif /* PACKET_RING_HEADERS_H */
