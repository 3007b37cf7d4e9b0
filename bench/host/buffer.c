// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of a replay that has no memory: what is done to them is written as a trace file.
 *
 * A buffer's address is made up, of its object and of where in it the buffer begins, so that
 * the arithmetic of the traces holds.
 */
#include "kernel.h"

#include "../replay.h"
#include "../trace_file.h"
#include "buffer.h"
#include "numbers.h"

#define OFFSET_BITS	32

/* Where the trace is written to, or NULL. */
FILE *buffer_out;
u64 buffer_ops;

void replay_fail(struct replay *r, int error, const char *what)
{
	if (!r->error)
		fprintf(stderr, "%s: error %d\n", what, error);
	r->error = r->error ? r->error : error;
}

void buffer_alloc(struct replay *r, struct buffer *buffer, u32 size)
{
	u32 number = number_take(size);

	*buffer = (struct buffer) {
		.ptr = (u8 *)((uintptr_t)number << OFFSET_BITS),
		.when = r->now,
		.len = size,
		.last = true,
	};
	r->live += size;
	r->allocs++;
	buffer_ops++;
	if (buffer_out)
		fprintf(buffer_out, "a %u %u\n", number, size);
}

static void give_back(struct replay *r, const u8 *ptr, u32 len)
{
	u32 number = (uintptr_t)ptr >> OFFSET_BITS, offset = (uintptr_t)ptr;

	if (buffer_out)
		fprintf(buffer_out, "f %u %u %u\n", number, offset, len);
	buffer_ops++;
	r->frees++;
	r->live -= len;
	number_release(number, len);
}

void buffer_trim(struct replay *r, struct buffer *buffer, u32 keep)
{
	if (keep >= buffer->len)
		return;
	give_back(r, buffer->ptr + keep, buffer->len - keep);
	buffer->len = keep;
}

void buffer_drop_front(struct replay *r, struct buffer *buffer, u32 len)
{
	if (len >= buffer->len) {
		buffer_free(r, buffer);
		return;
	}
	give_back(r, buffer->ptr, len);
	buffer->ptr += len;
	buffer->len -= len;
}

void buffer_split(struct replay *r, struct buffer *buffer, u32 at, struct buffer *rest)
{
	*rest = *buffer;
	rest->ptr += at;
	rest->len -= at;
	buffer->len = at;
}

void buffer_free(struct replay *r, struct buffer *buffer)
{
	if (!buffer->len)
		return;
	give_back(r, buffer->ptr, buffer->len);
	buffer->len = 0;
}

void replay_sample(struct replay *r)
{
	if (buffer_out)
		fputs(".\n", buffer_out);
}

void replay_mark(struct replay *r, enum mark mark)
{
	if (buffer_out)
		fprintf(buffer_out, "= %s\n", mark_names[mark]);
}
