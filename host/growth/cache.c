// SPDX-License-Identifier: GPL-2.0
/*
 * A model of coherent caches. Each CPU has a cache without a bound. A line is held by any number of
 * CPUs, or by the one that wrote it last.
 *
 *	access	the CPU holds it	is					then
 *	read	yes			a hit
 *	read	no			remote, if any CPU has written it	it holds it, too
 *	write	yes, alone		a hit
 *	write	others hold it		remote					it alone holds it
 *
 * Any other access is the first one to its line, and is not remote. So what is counted is shared
 * use of lines. Capacity, time, and waiting for a line that others want at once are not modelled:
 * one CPU runs at a time.
 *
 * The compiler calls the functions at the end of this file for each load and store of the core, of
 * the layer's trees, and of the model of kmalloc(). Not counted: the stack, which each CPU has its
 * own of, and variables of the layer.
 */
#include <unistd.h>
#include "cache.h"

#define LINE_SHIFT	6

/**
 * struct line - a line that was accessed
 * @nr: its address, in lines; 0: the entry is unused
 * @holders: a bit for each CPU that holds it
 * @written: a CPU has written it
 * @call: the call that it was last counted for
 * @remote_call: the call that it was last counted for as remote
 * @remote: remote accesses while there was counting
 */
struct line {
	unsigned long nr;
	u64 holders;
	bool written;
	u64 call;
	u64 remote_call;
	u64 remote;
};

/* A hash table with open addressing, at most half full. */
static struct line *lines;
static size_t nr_lines, size;

static struct cache_counts *counting;
static u64 call;

static struct line *find(unsigned long nr)
{
	size_t i = nr * 0x9e3779b97f4a7c15 >> 20 & (size - 1);

	while (lines[i].nr && lines[i].nr != nr)
		i = (i + 1) & (size - 1);
	return &lines[i];
}

static void resize(size_t to)
{
	struct line *old = lines;
	size_t i, nr = size;

	size = to;
	lines = calloc(size, sizeof(*lines));
	host_assert(lines);
	for (i = 0; i < nr; i++)
		if (old[i].nr)
			*find(old[i].nr) = old[i];
	free(old);
}

static struct line *find_or_add(unsigned long nr)
{
	struct line *line = find(nr);

	if (line->nr)
		return line;
	if (2 * ++nr_lines > size) {
		resize(2 * size);
		line = find(nr);
	}
	line->nr = nr;
	return line;
}

static void count(struct line *line, bool remote)
{
	counting->accesses++;
	counting->lines += line->call != call;
	line->call = call;
	if (!remote)
		return;
	counting->remote++;
	counting->remote_lines += line->remote_call != call;
	line->remote_call = call;
	line->remote++;
}

static void access_line(unsigned long nr, bool write)
{
	struct line *line = find_or_add(nr);
	u64 self = BIT(host_now.cpu);
	bool remote;

	if (write)
		remote = line->holders & ~self;
	else
		remote = line->written && !(line->holders & self);
	if (counting)
		count(line, remote);
	line->holders = write ? self : line->holders | self;
	line->written |= write;
}

void cache_access(const void *at, size_t bytes, bool write)
{
	unsigned long first = (unsigned long)at >> LINE_SHIFT;
	unsigned long last = ((unsigned long)at + bytes - 1) >> LINE_SHIFT;

	for (; first <= last; first++)
		access_line(first, write);
}

static bool is_in(const void *at, const void *start, size_t bytes)
{
	return (unsigned long)at - (unsigned long)start < bytes;
}

/* The stack ends where the environment begins, and is 8 MiB at most. */
static bool is_private(const void *at)
{
	return is_in(at, (char *)environ - SZ_4M * 2, SZ_4M * 2) ||
	       is_in(at, &host_now, sizeof(host_now)) ||
	       is_in(at, &host_points, sizeof(host_points)) ||
	       is_in(at, &host_trees, sizeof(host_trees));
}

static void see(const void *at, size_t bytes, bool write)
{
	if (size && !is_private(at))
		cache_access(at, bytes, write);
}

void cache_modify(const void *at)
{
	see(at, 1, true);
}

void cache_reset(void)
{
	free(lines);
	lines = NULL;
	size = 0;
	nr_lines = 0;
	counting = NULL;
	resize(1 << 16);
}

void cache_count(struct cache_counts *counts)
{
	counting = counts;
}

void cache_call(void)
{
	call++;
}

u64 cache_busiest(void)
{
	u64 most = 0;
	size_t i;

	for (i = 0; i < size; i++)
		most = max(most, lines[i].remote);
	return most;
}

/* CPU, access, and whether that is remote. */
static const struct {
	int cpu;
	bool write;
	bool remote;
} self_check[] = {
	{ 1, false, false }, { 0, false, false }, { 0, true, true }, { 0, true, false },
	{ 0, false, false }, { 1, false, true }, { 1, false, false }, { 63, false, true },
	{ 0, false, false }, { 0, true, true }, { 63, true, true }, { 63, false, false },
	{ 0, true, true },
};

void cache_self_check(void)
{
	struct cache_counts counts = {}, before;
	unsigned int i;

	cache_reset();
	cache_count(&counts);
	for (i = 0; i < ARRAY_SIZE(self_check); i++) {
		before = counts;
		host_now.cpu = self_check[i].cpu;
		cache_call();
		/* Two lines, the second one by its first byte. */
		cache_access((void *)0x103f, 2, self_check[i].write);
		host_assert(counts.accesses - before.accesses == 2);
		host_assert(counts.lines - before.lines == 2);
		host_assert(counts.remote - before.remote == 2 * self_check[i].remote);
	}
	host_now.cpu = 0;
	cache_reset();
}

/* What the compiler calls. */
#define SEEN(name, bytes, write)	\
	void __tsan_##name(void *at) { see(at, bytes, write); }

SEEN(read1, 1, false)
SEEN(read2, 2, false)
SEEN(read4, 4, false)
SEEN(read8, 8, false)
SEEN(read16, 16, false)
SEEN(write1, 1, true)
SEEN(write2, 2, true)
SEEN(write4, 4, true)
SEEN(write8, 8, true)
SEEN(write16, 16, true)
SEEN(unaligned_read2, 2, false)
SEEN(unaligned_read4, 4, false)
SEEN(unaligned_read8, 8, false)
SEEN(unaligned_read16, 16, false)
SEEN(unaligned_write2, 2, true)
SEEN(unaligned_write4, 4, true)
SEEN(unaligned_write8, 8, true)
SEEN(unaligned_write16, 16, true)

void __tsan_read_range(void *at, size_t bytes)
{
	see(at, bytes, false);
}

void __tsan_write_range(void *at, size_t bytes)
{
	see(at, bytes, true);
}

void __tsan_vptr_update(void **at, void *to)
{
}

void __tsan_init(void)
{
}

/* The same of what is a call of libc: --wrap. */
void *__real_memset(void *at, int c, size_t bytes);
void *__real_memcpy(void *to, const void *from, size_t bytes);

void *__wrap_memset(void *at, int c, size_t bytes)
{
	if (bytes)
		see(at, bytes, true);
	return __real_memset(at, c, bytes);
}

void *__wrap_memcpy(void *to, const void *from, size_t bytes)
{
	if (bytes) {
		see(from, bytes, false);
		see(to, bytes, true);
	}
	return __real_memcpy(to, from, bytes);
}
