// SPDX-License-Identifier: GPL-2.0
/*
 * Usage: nic_sockets RECEIVER SENDER ADDRESS SOCKETS SEED [hold]
 *
 * What slow readers cost: sends datagrams of 100 to 1400 bytes to SOCKETS sockets that do not read,
 * until the receive buffer of each is full, and then reads them all. RECEIVER and SENDER are files
 * of network namespaces, ADDRESS is the receiver's. Sizes and bytes follow from SEED. Prints lines
 * "NAME VALUE":
 *
 *	rounds		datagrams that were sent to a socket, at most
 *	unfilled	sockets whose buffer is not full all the same
 *	charged		bytes that the sockets were charged for
 *	taken		bytes of the machine's memory that were free before the first datagram
 *	kept		datagrams in all sockets
 *	payload		bytes of these
 *	wrong		those that are not as they were sent
 *
 * With "hold" it prints "full" before it reads, and waits for SIGTERM. Status: 0 if all buffers
 * became full and nothing was wrong.
 */
#define _GNU_SOURCE
#include "ends.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <sys/resource.h>

#define SIZE_MIN	100
#define SIZE_MAX_	1400
#define FIRST_PORT	20000

/* Half of what a socket gets: the default of a machine with pages of 4 KiB. */
#define RECEIVE_BUFFER	106496

/* A socket for which so many are sent has no full buffer: the datagrams are lost elsewhere. */
#define ROUNDS_MAX	2000

#ifndef SO_MEMINFO
#define SO_MEMINFO	55
#endif

static unsigned int seed;

static unsigned int next_random(unsigned int *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* A datagram begins with the state from which its bytes follow. */
static void fill(char *datagram, unsigned int size)
{
	unsigned int state = next_random(&seed);
	unsigned int i;

	memcpy(datagram, &state, sizeof(state));
	for (i = sizeof(state); i < size; i++)
		datagram[i] = next_random(&state);
}

static int is_right(const char *datagram, unsigned int size)
{
	unsigned int state;
	unsigned int i;

	if (size < SIZE_MIN || size > SIZE_MAX_)
		return 0;
	memcpy(&state, datagram, sizeof(state));
	for (i = sizeof(state); i < size; i++) {
		if (datagram[i] != (char)next_random(&state))
			return 0;
	}
	return 1;
}

static long free_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	while (file && kib < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "MemFree: %ld", &kib);
	if (kib < 0)
		errx(2, "/proc/meminfo has no MemFree");
	fclose(file);
	return kib * 1024;
}

static int *open_receivers(const char *address, unsigned int nr)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct rlimit files = { nr + 64, nr + 64 };
	int *sockets = calloc(nr, sizeof(*sockets));
	int size = RECEIVE_BUFFER;
	unsigned int i;

	if (!sockets || setrlimit(RLIMIT_NOFILE, &files))
		err(2, "%u sockets", nr);
	inet_pton(AF_INET, address, &to.sin_addr);
	for (i = 0; i < nr; i++) {
		to.sin_port = htons(FIRST_PORT + i);
		sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (sockets[i] < 0 ||
		    setsockopt(sockets[i], SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
		    bind(sockets[i], (struct sockaddr *)&to, sizeof(to)))
			err(2, "socket %u", i);
	}
	return sockets;
}

static void look(int socket, unsigned int *meminfo)
{
	socklen_t len = SK_MEMINFO_VARS * sizeof(*meminfo);

	if (getsockopt(socket, SOL_SOCKET, SO_MEMINFO, meminfo, &len))
		err(2, "SO_MEMINFO");
}

/* Send to all sockets that have dropped nothing. Return: their number. */
static unsigned int send_round(const int *sockets, unsigned int nr, int from, const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	unsigned int meminfo[SK_MEMINFO_VARS];
	char datagram[SIZE_MAX_];
	unsigned int i, size, sent = 0;

	inet_pton(AF_INET, address, &to.sin_addr);
	for (i = 0; i < nr; i++) {
		look(sockets[i], meminfo);
		if (meminfo[SK_MEMINFO_DROPS])
			continue;
		size = SIZE_MIN + next_random(&seed) % (SIZE_MAX_ - SIZE_MIN + 1);
		fill(datagram, size);
		to.sin_port = htons(FIRST_PORT + i);
		if (sendto(from, datagram, size, 0, (struct sockaddr *)&to, sizeof(to)) < 0 &&
		    errno != ENOBUFS)
			err(2, "sendto");
		sent++;
	}
	return sent;
}

static unsigned long charged_bytes(const int *sockets, unsigned int nr)
{
	unsigned int meminfo[SK_MEMINFO_VARS];
	unsigned long sum = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		look(sockets[i], meminfo);
		sum += meminfo[SK_MEMINFO_RMEM_ALLOC];
	}
	return sum;
}

/* Read what is there. Return: the datagrams that are as they were sent. */
static unsigned long drain(const int *sockets, unsigned int nr, unsigned long *payload,
			   unsigned long *wrong)
{
	unsigned long right = 0;
	char datagram[65536];
	unsigned int i;
	ssize_t size;

	for (i = 0; i < nr; i++) {
		while ((size = recv(sockets[i], datagram, sizeof(datagram), 0)) >= 0) {
			*payload += size;
			if (is_right(datagram, size))
				right++;
			else
				++*wrong;
		}
		if (errno != EAGAIN)
			err(2, "recv");
	}
	return right;
}

/* Was it told to end before all buffers were full? */
static int told_to_end(void)
{
	sigset_t pending;

	return !sigpending(&pending) && sigismember(&pending, SIGTERM);
}

int main(int argc, char **argv)
{
	unsigned long payload = 0, wrong = 0, right;
	unsigned int nr, round, sent = 1;
	long before, after;
	int *sockets, from;
	sigset_t term;

	if (argc < 6)
		errx(2, "usage: nic_sockets RECEIVER SENDER ADDRESS SOCKETS SEED [hold]");
	block_term(&term);
	nr = atoi(argv[4]);
	seed = atoi(argv[5]) | 1;
	enter_namespace(argv[1]);
	sockets = open_receivers(argv[3], nr);
	enter_namespace(argv[2]);
	from = socket(AF_INET, SOCK_DGRAM, 0);
	before = free_bytes();
	for (round = 0; sent && round < ROUNDS_MAX && !told_to_end(); round++)
		sent = send_round(sockets, nr, from, argv[3]);
	/* What is under way arrives. */
	sleep(1);
	after = free_bytes();
	printf("rounds %u\nunfilled %u\ncharged %lu\ntaken %ld\n", round, sent,
	       charged_bytes(sockets, nr), before - after);
	if (argc > 6)
		say_and_wait("full", &term);
	right = drain(sockets, nr, &payload, &wrong);
	printf("kept %lu\npayload %lu\nwrong %lu\n", right + wrong, payload, wrong);
	return wrong || !right || sent;
}
