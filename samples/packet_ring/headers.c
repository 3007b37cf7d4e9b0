// SPDX-License-Identifier: GPL-2.0
/*
 * Parse the headers of a packet without reading beyond it. headers.h has the contract.
 */
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "headers.h"

/* VLAN tags parsed per packet. Standards use two; the limit bounds the loop on hostile input. */
#define VLAN_TAGS_MAX		4
/* IPv6 extension headers parsed per packet. RFC 8200 has six, each once; a bound as above. */
#define EXTENSIONS_MAX		8

/* A packet and the parse position in it. */
struct cursor {
	const u8 *data;
	unsigned int len;
	unsigned int offset;
};

/*
 * Copy the next @size bytes and leave the position. It copies because a header after
 * another one need not be aligned.
 */
static bool peek(const struct cursor *at, void *header, unsigned int size)
{
	if (size > at->len - at->offset)
		return false;
	memcpy(header, at->data + at->offset, size);
	return true;
}

static bool step_over(struct cursor *at, unsigned int size)
{
	if (size > at->len - at->offset)
		return false;
	at->offset += size;
	return true;
}

static void parse_transport(struct cursor *at, u8 protocol, struct headers *headers)
{
	struct tcphdr tcp;
	bool found = false;

	switch (protocol) {
	case IPPROTO_TCP:
		found = peek(at, &tcp, sizeof(tcp)) && tcp.doff * 4 >= sizeof(tcp) &&
			step_over(at, tcp.doff * 4);
		break;
	case IPPROTO_UDP:
		found = step_over(at, sizeof(struct udphdr));
		break;
	}
	if (found)
		headers->transport = protocol;
}

static void parse_ipv4(struct cursor *at, struct headers *headers)
{
	struct iphdr ip;

	if (!peek(at, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl * 4 < sizeof(ip) ||
	    !step_over(at, ip.ihl * 4))
		return;
	headers->version = 4;
	/* Only the first fragment carries the header that comes next. */
	if (!(ip.frag_off & htons(IP_OFFSET)))
		parse_transport(at, ip.protocol, headers);
}

/* Step over one extension header. Return: false if @next is no such header, or it is cut off. */
static bool parse_extension(struct cursor *at, u8 *next)
{
	struct ipv6_opt_hdr extension;
	struct frag_hdr fragment;
	unsigned int size;

	switch (*next) {
	case NEXTHDR_HOP:
	case NEXTHDR_ROUTING:
	case NEXTHDR_DEST:
		if (!peek(at, &extension, sizeof(extension)))
			return false;
		size = (extension.hdrlen + 1) * 8;
		break;
	case NEXTHDR_AUTH:
		if (!peek(at, &extension, sizeof(extension)))
			return false;
		size = (extension.hdrlen + 2) * 4;
		break;
	case NEXTHDR_FRAGMENT:
		if (!peek(at, &fragment, sizeof(fragment)))
			return false;
		size = sizeof(fragment);
		extension.nexthdr = fragment.nexthdr;
		/* Only the first fragment carries the header that comes next. */
		if (fragment.frag_off & htons(IP6_OFFSET))
			extension.nexthdr = NEXTHDR_NONE;
		break;
	default:
		return false;
	}
	if (!step_over(at, size))
		return false;
	*next = extension.nexthdr;
	return true;
}

static void parse_ipv6(struct cursor *at, struct headers *headers)
{
	struct ipv6hdr ip;
	unsigned int extensions;
	u8 next;

	if (!peek(at, &ip, sizeof(ip)) || ip.version != 6 || !step_over(at, sizeof(ip)))
		return;
	headers->version = 6;
	next = ip.nexthdr;
	for (extensions = 0; extensions < EXTENSIONS_MAX; extensions++) {
		if (!parse_extension(at, &next))
			break;
	}
	parse_transport(at, next, headers);
}

static void parse_from(struct cursor *at, __be16 protocol, struct headers *headers)
{
	struct vlan_hdr tag;
	unsigned int tags;

	for (tags = 0; tags < VLAN_TAGS_MAX && eth_type_vlan(protocol); tags++) {
		if (!peek(at, &tag, sizeof(tag)))
			break;
		step_over(at, sizeof(tag));
		protocol = tag.h_vlan_encapsulated_proto;
	}
	switch (protocol) {
	case htons(ETH_P_IP):
		parse_ipv4(at, headers);
		break;
	case htons(ETH_P_IPV6):
		parse_ipv6(at, headers);
		break;
	}
	headers->len = at->offset;
}

void parse_ethernet(const void *data, unsigned int len, struct headers *headers)
{
	struct cursor at = { .data = data, .len = len };
	struct ethhdr ethernet;

	memset(headers, 0, sizeof(*headers));
	if (!peek(&at, &ethernet, sizeof(ethernet)))
		return;
	step_over(&at, sizeof(ethernet));
	parse_from(&at, ethernet.h_proto, headers);
}

void parse_network(const void *data, unsigned int len, unsigned int link_len,
		   __be16 protocol, struct headers *headers)
{
	struct cursor at = { .data = data, .len = len };

	memset(headers, 0, sizeof(*headers));
	if (step_over(&at, link_len))
		parse_from(&at, protocol, headers);
}
