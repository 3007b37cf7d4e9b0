/* SPDX-License-Identifier: GPL-2.0 */
/* The model of buffers, and the operations of their test, by subject: see the files. */
#ifndef DUALTREE_HOST_NETBUF_MODEL_H
#define DUALTREE_HOST_NETBUF_MODEL_H

#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>
#include "../test.h"

/* Bytes of a model. */
#define BYTES_MAX	0x20000U

/**
 * struct subject - a buffer and its model
 * @buf: the buffer
 * @pages: tracker of what it refers to in pages of others
 * @reserved: what is reserved, or NULL
 * @room: bytes of it
 * @len: number of @bytes
 * @bytes: what the buffer contains
 */
struct subject {
	struct dualtree_buf buf;
	struct dualtree_pages *pages;
	u8 *reserved;
	size_t room;
	size_t len;
	u8 bytes[BYTES_MAX];
};

/* main.c: may an allocation fail? */
bool host_may_fail(void);

/* model.c */
void host_fill(u8 *to, size_t len);
size_t host_choose_len(const struct subject *s);
bool host_went_well(int err, int expected);
void host_subject_insert(struct subject *s, size_t at, const void *from, size_t len);
void host_subject_drop(struct subject *s, size_t len);
void host_subject_check(const struct subject *s);
void host_subject_purge(struct subject *s);

/* change.c: calls that change buffers. */
void host_op_append(struct subject *s);
void host_op_prepend(struct subject *s);
void host_op_reserve(struct subject *s);
void host_op_adopt(struct subject *s);
void host_op_attach(struct subject *s);
void host_op_compact(struct subject *s);
void host_op_unshare(struct subject *s);
void host_op_trim(struct subject *s);
void host_op_skip(struct subject *s);
void host_op_split(struct subject *s, struct subject *to);
void host_op_splice(struct subject *s, struct subject *to);
void host_op_clone(struct subject *s, struct subject *to);
void host_op_uncut(struct subject *s);

/* read.c: calls that read them, or say where their bytes are. */
void host_op_read(struct subject *s);
void host_op_number(struct subject *s);
void host_op_leb128(struct subject *s);
void host_op_find(struct subject *s);
void host_op_linearize(struct subject *s);
void host_op_detach(struct subject *s);
void host_op_vectors(struct subject *s);
void host_op_released(struct subject *s);

#endif /* DUALTREE_HOST_NETBUF_MODEL_H */
