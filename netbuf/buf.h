/* SPDX-License-Identifier: GPL-2.0 */
/* A buffer's chain of segments, for the files of netbuf/: see buf.c. */
#ifndef DUALTREE_NETBUF_BUF_H
#define DUALTREE_NETBUF_BUF_H

#include <dualtree/netbuf.h>
#include "segment.h"

static inline struct dualtree_segment *buf_first(const struct dualtree_buf *buf)
{
	if (list_empty(&buf->segments))
		return NULL;
	return list_first_entry(&buf->segments, struct dualtree_segment, node);
}

static inline struct dualtree_segment *buf_last(const struct dualtree_buf *buf)
{
	if (list_empty(&buf->segments))
		return NULL;
	return list_last_entry(&buf->segments, struct dualtree_segment, node);
}

#define buf_for_each(seg, buf) list_for_each_entry(seg, &(buf)->segments, node)

static inline void buf_add(struct dualtree_buf *buf, struct dualtree_segment *seg)
{
	list_add_tail(&seg->node, &buf->segments);
	buf->len += seg->len;
}

static inline void buf_add_front(struct dualtree_buf *buf, struct dualtree_segment *seg)
{
	list_add(&seg->node, &buf->segments);
	buf->len += seg->len;
}

/* The segment keeps its bytes; the caller owns it afterwards. */
static inline void buf_del(struct dualtree_buf *buf, struct dualtree_segment *seg)
{
	list_del(&seg->node);
	buf->len -= seg->len;
}

struct dualtree_segment *dt_buf_seek(const struct dualtree_buf *buf, size_t *offset);
void dt_buf_consume(struct dualtree_buf *buf, size_t len);

#endif /* DUALTREE_NETBUF_BUF_H */
