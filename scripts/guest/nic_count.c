// SPDX-License-Identifier: GPL-2.0
/*
 * Usage: nic_count RECEIVER SENDER ADDRESS SIZE BATCH NR [MAC]
 *
 * What datagrams cost a guest with one CPU, where a nanosecond is one instruction (QEMU's icount).
 * Sends NR datagrams of SIZE bytes and reads each, ROUNDS times. BATCH are sent by one call: the
 * kernel cuts that into frames and hands all of them to the card together. RECEIVER and SENDER are
 * files of network namespaces, ADDRESS is the receiver's. With MAC, which is no card's, ADDRESS is
 * said to be there: the frames are sent, no card takes them, and nothing is read. Prints lines
 * "NAME VALUE":
 *
 *	each		instructions for a datagram, in the median round
 *	late		datagrams that had not arrived when they were to be read
 *
 * A late one would have the CPU wait, which counts as instructions: status 1.
 */
#define _GNU_SOURCE
#include "ends.h"

#include <errno.h>
#include <net/if_arp.h>
#include <netinet/ether.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <time.h>

#define PORT		20000
/* An odd number: one of them is the median. What is not ours to count hits a few. */
#define ROUNDS		9

/* Of both sockets: nothing is dropped, and no send waits. */
#define BUFFER		(4 << 20)

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

struct sockets {
	int from;
	int to;		/* -1: nothing arrives */
};

static char datagrams[65536];

static int open_socket(int option)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int size = BUFFER;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, option, &size, sizeof(size)))
		err(2, "socket");
	return fd;
}

/* The address is that of no card. */
static void set_neighbour(int fd, const struct sockaddr_in *address, const char *mac)
{
	struct arpreq request = { .arp_flags = ATF_PERM | ATF_COM };
	struct ether_addr *ether = ether_aton(mac);

	if (!ether)
		errx(2, "%s: not a MAC address", mac);
	memcpy(&request.arp_pa, address, sizeof(*address));
	request.arp_ha.sa_family = ARPHRD_ETHER;
	memcpy(request.arp_ha.sa_data, ether, sizeof(*ether));
	if (ioctl(fd, SIOCSARP, &request))
		err(2, "SIOCSARP");
}

static unsigned long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* Return: the datagrams of a batch that were late. */
static unsigned int read_batch(int fd, unsigned int size, unsigned int batch)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	unsigned int late = 0;
	ssize_t got;

	while (batch) {
		got = recv(fd, datagrams, sizeof(datagrams), MSG_DONTWAIT);
		if (got == size) {
			batch--;
			continue;
		}
		if (got >= 0 || errno != EAGAIN)
			err(2, "recv: %zd bytes", got);
		late++;
		if (poll(&ready, 1, 1000) != 1)
			errx(2, "a datagram is lost");
	}
	return late;
}

static unsigned int exchange(const struct sockets *sockets, unsigned int size, unsigned int batch,
			     unsigned int nr)
{
	unsigned int late = 0;

	for (; nr >= batch; nr -= batch) {
		if (send(sockets->from, datagrams, size * batch, 0) < 0)
			err(2, "send");
		if (sockets->to >= 0)
			late += read_batch(sockets->to, size, batch);
	}
	return late;
}

static int compare(const void *a, const void *b)
{
	const unsigned long long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	unsigned int size, batch, nr, round, late = 0;
	struct sockets sockets = { .to = -1 };
	unsigned long long took[ROUNDS];

	if (argc < 7)
		errx(2, "usage: nic_count RECEIVER SENDER ADDRESS SIZE BATCH NR [MAC]");
	inet_pton(AF_INET, argv[3], &address.sin_addr);
	size = atoi(argv[4]);
	batch = atoi(argv[5]);
	nr = atoi(argv[6]) / batch * batch;
	if (argc == 7) {
		enter_namespace(argv[1]);
		sockets.to = open_socket(SO_RCVBUFFORCE);
		if (bind(sockets.to, (struct sockaddr *)&address, sizeof(address)))
			err(2, "bind");
	}
	enter_namespace(argv[2]);
	sockets.from = open_socket(SO_SNDBUFFORCE);
	if (argc > 7)
		set_neighbour(sockets.from, &address, argv[7]);
	if (connect(sockets.from, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(sockets.from, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)))
		err(2, "connect");
	/* What is done for the first ones only is done then. */
	exchange(&sockets, size, batch, nr);
	for (round = 0; round < ROUNDS; round++) {
		took[round] = now();
		late += exchange(&sockets, size, batch, nr);
		took[round] = now() - took[round];
	}
	qsort(took, ROUNDS, sizeof(*took), compare);
	printf("each %llu\nlate %u\n", (took[ROUNDS / 2] + nr / 2) / nr, late);
	return late > 0;
}
