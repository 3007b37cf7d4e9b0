// SPDX-License-Identifier: GPL-2.0
/*
 * Usage: vnic_mapped SENDER RECEIVER ADDRESS MIB
 *
 * A TCP stream whose receiver maps what arrived (TCP_ZEROCOPY_RECEIVE) where it can, and compares
 * it. SENDER and RECEIVER are files of network namespaces, or "-"; ADDRESS is the receiver's. Of
 * what is mapped the first mebibyte stays so: after the stream has ended the program prints "held"
 * and waits for SIGTERM, compares these pages again, and prints lines "NAME VALUE":
 *
 *	mapped		bytes of the stream that were mapped
 *	copied		those that were read
 *	kept		bytes of the pages that stayed mapped
 *	wrong		bytes that are not as they were sent
 *
 * Status: 0 if all arrived and nothing was wrong.
 */
#define _GNU_SOURCE
#include "ends.h"

#include <linux/tcp.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PORT		5210

/* Bytes of a write: whole segments of a page, and none that waits for more. */
#define WRITE_SIZE	(256 << 10)

/* Bytes that stay mapped, and bytes of the map that is used again. */
#define KEPT_SIZE	(1024 * 1024)
#define MAP_SIZE	(512 << 10)

/* Of the largest page. */
#define PAGES_MAX	(KEPT_SIZE / 4096)

/**
 * struct reader - what the receiver has got
 * @fd: its socket
 * @map: KEPT_SIZE + MAP_SIZE bytes of its address space
 * @position: bytes of the stream so far
 * @mapped: of these, mapped
 * @wrong: of these, wrong
 * @pages: where in the stream each page is from that stays mapped
 */
struct reader {
	int fd;
	char *map;
	unsigned long position;
	unsigned long mapped;
	unsigned long wrong;
	unsigned long pages[PAGES_MAX];
};

static size_t kept_bytes(const struct reader *reader)
{
	return reader->mapped < KEPT_SIZE ? reader->mapped : KEPT_SIZE;
}

static void send_stream(const char *address, unsigned long size)
{
	int fd = connect_to(address, SOCK_STREAM, PORT);
	static char data[WRITE_SIZE];
	unsigned long position;
	size_t done;
	ssize_t part;

	for (position = 0; position < size; position += sizeof(data)) {
		fill_bytes(data, position, sizeof(data));
		for (done = 0; done < sizeof(data); done += part) {
			part = write(fd, data + done, sizeof(data) - done);
			if (part < 0)
				err(2, "write");
		}
	}
	close(fd);
}

static void arrived(struct reader *reader, const void *data, size_t len)
{
	reader->wrong += wrong_bytes(data, reader->position, len);
	reader->position += len;
}

/* Map what can be. Return: bytes that are to be read before more can be mapped. */
static size_t map_some(struct reader *reader)
{
	size_t kept = kept_bytes(reader), page = getpagesize(), i;
	size_t room = kept < KEPT_SIZE ? KEPT_SIZE - kept : MAP_SIZE;
	struct tcp_zerocopy_receive zc = {
		.address = (unsigned long)reader->map + kept, .length = room,
	};
	socklen_t len = sizeof(zc);

	if (getsockopt(reader->fd, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &zc, &len))
		err(2, "TCP_ZEROCOPY_RECEIVE");
	for (i = 0; kept < KEPT_SIZE && i < zc.length; i += page)
		reader->pages[(kept + i) / page] = reader->position + i;
	reader->mapped += zc.length;
	arrived(reader, reader->map + kept, zc.length);
	return zc.recv_skip_hint;
}

static void receive_stream(struct reader *reader)
{
	static char data[WRITE_SIZE];
	size_t want;
	ssize_t got;

	/* Waits for more, or for the end. */
	while (recv(reader->fd, data, 1, MSG_PEEK) == 1) {
		want = map_some(reader);
		if (!want)
			continue;
		got = read(reader->fd, data, want < sizeof(data) ? want : sizeof(data));
		if (got < 0)
			err(2, "read");
		arrived(reader, data, got);
	}
}

/* What stays mapped is as it was, though the socket has read on. */
static void look_again(struct reader *reader)
{
	size_t page = getpagesize(), i;

	for (i = 0; i < kept_bytes(reader); i += page)
		reader->wrong += wrong_bytes(reader->map + i, reader->pages[i / page], page);
}

int main(int argc, char **argv)
{
	static struct reader reader;
	sigset_t term;
	unsigned long size;
	int listener;
	pid_t sender;

	if (argc != 5)
		errx(2, "usage: vnic_mapped SENDER RECEIVER ADDRESS MIB");
	size = (unsigned long)atoi(argv[4]) << 20;
	block_term(&term);
	enter_namespace(argv[2]);
	listener = bind_to(SOCK_STREAM, PORT);
	if (listen(listener, 1))
		err(2, "listen");
	sender = fork();
	if (!sender) {
		enter_namespace(argv[1]);
		send_stream(argv[3], size);
		_exit(0);
	}
	reader.fd = accept(listener, NULL, NULL);
	reader.map = mmap(NULL, KEPT_SIZE + MAP_SIZE, PROT_READ, MAP_SHARED, reader.fd, 0);
	if (reader.fd < 0 || reader.map == MAP_FAILED)
		err(2, "mmap of a socket");
	receive_stream(&reader);
	waitpid(sender, NULL, 0);
	say_and_wait("held", &term);
	look_again(&reader);
	printf("mapped %lu\ncopied %lu\nkept %zu\nwrong %lu\n", reader.mapped,
	       reader.position - reader.mapped, kept_bytes(&reader),
	       reader.wrong);
	return reader.wrong || reader.position != size;
}
