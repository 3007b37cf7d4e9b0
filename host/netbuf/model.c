// SPDX-License-Identifier: GPL-2.0
/* The model of buffers: see model.h. */
#include "model.h"

void host_fill(u8 *to, size_t len)
{
	size_t i;

	/* Few values, and some long runs with their highest bit set, as LEB128 has them. */
	memset(to, host_one_in(2) ? 0x80 | host_choose(128) : host_choose(256), len);
	for (i = host_choose(16); i < len; i += 1 + host_choose(64))
		to[i] = host_choose(256);
}

void host_subject_insert(struct subject *s, size_t at, const void *from, size_t len)
{
	host_assert(s->len + len <= BYTES_MAX);
	memmove(s->bytes + at + len, s->bytes + at, s->len - at);
	memcpy(s->bytes + at, from, len);
	s->len += len;
}

void host_subject_drop(struct subject *s, size_t len)
{
	s->len -= len;
	memmove(s->bytes, s->bytes + len, s->len);
}

/* A length that a call may be made with: mostly one that the buffer has. */
size_t host_choose_len(const struct subject *s)
{
	switch (host_choose(8)) {
	case 0:
		return s->len;
	case 1:
		return s->len + 1 + host_choose(100);
	case 2:
		return 0;
	case 3:
		return host_choose(s->len + 1);
	default:
		return min_t(size_t, host_choose(200), s->len);
	}
}

/* A call returned an error, or none: as it must, unless memory was lacking. */
bool host_went_well(int err, int expected)
{
	if (err == -ENOMEM && host_may_fail())
		return false;
	if (err != expected)
		host_fail("a call returned %d and not %d", err, expected);
	return !err;
}

void host_subject_check(const struct subject *s)
{
	static u8 to[BYTES_MAX];

	host_assert(dualtree_buf_len(&s->buf) == s->len);
	host_assert(!dualtree_buf_peek(&s->buf, 0, to, s->len) && !memcmp(to, s->bytes, s->len));
}

void host_subject_purge(struct subject *s)
{
	host_subject_check(s);
	dualtree_buf_purge(&s->buf);
	s->reserved = NULL;
	s->len = 0;
	host_assert(!dualtree_buf_len(&s->buf));
}
