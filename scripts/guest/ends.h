/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of scripts/guest/vnic.sh and nic.sh share: the ends' network namespaces and
 * addresses, bytes that follow from where they are, and the wait for SIGTERM. To be included with
 * _GNU_SOURCE defined.
 */
#ifndef ENDS_H
#define ENDS_H

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* @path is the file of a namespace, or "-" where there are none. */
static inline void enter_namespace(const char *path)
{
	int fd;

	if (!strcmp(path, "-"))
		return;
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(2, "%s", path);
	close(fd);
}

/* A socket that is connected to a port of an address as ping takes it: IPv4, or IPv6%interface. */
static inline int connect_to(const char *address, int type, int port)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	char *name = strdup(address), *scope = strchr(name, '%');
	int is4 = inet_pton(AF_INET, name, &to4.sin_addr) == 1;
	int fd = socket(is4 ? AF_INET : AF_INET6, type, 0);

	if (scope) {
		*scope++ = 0;
		to6.sin6_scope_id = if_nametoindex(scope);
	}
	if (!is4 && inet_pton(AF_INET6, name, &to6.sin6_addr) != 1)
		errx(2, "%s: no address", address);
	if (fd < 0 || connect(fd, is4 ? (void *)&to4 : (void *)&to6,
			      is4 ? sizeof(to4) : sizeof(to6)))
		err(2, "%s", address);
	free(name);
	return fd;
}

/* A socket that is bound to a port of all addresses, IPv4's too. */
static inline int bind_to(int type, int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type, 0), yes = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)))
		err(2, "port %d", port);
	return fd;
}

/* The byte at a position of a stream: eight follow from each multiple of eight. */
static inline unsigned char byte_at(unsigned long position)
{
	unsigned long word = (position / 8 + 1) * 0x9e3779b97f4a7c15u;

	word ^= word >> 29;
	word *= 0xbf58476d1ce4e5b9u;
	return word >> (8 * (position % 8));
}

static inline void fill_bytes(void *data, unsigned long position, size_t len)
{
	unsigned char *bytes = data;
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = byte_at(position + i);
}

/* Return: how many bytes are not those of that position. */
static inline size_t wrong_bytes(const void *data, unsigned long position, size_t len)
{
	const unsigned char *bytes = data;
	size_t i, wrong = 0;

	for (i = 0; i < len; i++)
		wrong += bytes[i] != byte_at(position + i);
	return wrong;
}

/* SIGTERM does not end the program: it waits for it. */
static inline void block_term(sigset_t *term)
{
	sigemptyset(term);
	sigaddset(term, SIGTERM);
	sigprocmask(SIG_BLOCK, term, NULL);
}

static inline void say_and_wait(const char *word, const sigset_t *term)
{
	int signal;

	puts(word);
	fflush(stdout);
	sigwait(term, &signal);
}

#endif /* ENDS_H */
