// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of a replay that has no memory: what is done to them is written as a trace file, and
 * counted.
 *
 * A buffer's address is made up, of its object and of where in it the buffer begins, so that
 * arithmetic on addresses holds.
 */
#include "kernel.h"

#include "../replay.h"
#include "../trace_file.h"
#include "tool.h"

#define OFFSET_BITS	32

FILE *buffer_out;
u64 buffer_ops;

/* "LETTER NUMBER...". A guest writes millions of these lines: printf() takes thrice as long. */
static void write_line(char letter, const u32 *numbers, unsigned int nr)
{
	char text[64], *at = text + sizeof(text);
	u32 n;

	if (!buffer_out)
		return;
	*--at = '\n';
	while (nr--) {
		n = numbers[nr];
		do {
			*--at = '0' + n % 10;
			n /= 10;
		} while (n);
		*--at = ' ';
	}
	*--at = letter;
	fwrite_unlocked(at, 1, text + sizeof(text) - at, buffer_out);
}

void dt_replay_fail(struct replay *r, int error, const char *what)
{
	if (!r->error)
		fprintf(stderr, "%s: error %d\n", what, error);
	r->error = r->error ? r->error : error;
}

void dt_buffer_alloc(struct replay *r, struct buffer *buffer, u32 size)
{
	u32 number = number_take(size, 0);

	*buffer = (struct buffer) {
		.ptr = (u8 *)((uintptr_t)number << OFFSET_BITS),
		.len = size,
	};
	r->live += size;
	r->allocs++;
	buffer_ops++;
	write_line('a', (u32[]){ number, size }, 2);
}

static void free_bytes(struct replay *r, const u8 *ptr, u32 len)
{
	u32 number = (uintptr_t)ptr >> OFFSET_BITS, offset = (uintptr_t)ptr;

	write_line('f', (u32[]){ number, offset, len }, 3);
	buffer_ops++;
	r->frees++;
	r->live -= len;
	number_release(number, len);
}

void dt_buffer_trim(struct replay *r, struct buffer *buffer, u32 keep)
{
	if (keep >= buffer->len)
		return;
	free_bytes(r, buffer->ptr + keep, buffer->len - keep);
	buffer->len = keep;
}

void dt_buffer_drop_front(struct replay *r, struct buffer *buffer, u32 len)
{
	if (len >= buffer->len) {
		dt_buffer_free(r, buffer);
		return;
	}
	free_bytes(r, buffer->ptr, len);
	buffer->ptr += len;
	buffer->len -= len;
}

void dt_buffer_split(struct replay *r, struct buffer *buffer, u32 at, struct buffer *rest)
{
	*rest = *buffer;
	rest->ptr += at;
	rest->len -= at;
	buffer->len = at;
}

void dt_buffer_free(struct replay *r, struct buffer *buffer)
{
	if (!buffer->len)
		return;
	free_bytes(r, buffer->ptr, buffer->len);
	buffer->len = 0;
}

void dt_replay_sample(struct replay *r)
{
	if (buffer_out)
		fputs(".\n", buffer_out);
}

void dt_replay_mark(struct replay *r, enum mark mark)
{
	if (buffer_out)
		fprintf(buffer_out, "= %s\n", dt_mark_names[mark]);
}
