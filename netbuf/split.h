/* SPDX-License-Identifier: GPL-2.0 */
/* Cutting the first bytes off a buffer, and undoing that: see split.c. */
#ifndef DUALTREE_NETBUF_SPLIT_H
#define DUALTREE_NETBUF_SPLIT_H

#include <linux/types.h>

struct dualtree_buf;
struct dualtree_segment;

bool dt_buf_cut(struct dualtree_buf *buf, size_t len, struct dualtree_buf *to,
		struct dualtree_segment *spare);
void dt_buf_uncut(struct dualtree_buf *buf, struct dualtree_buf *from);

#endif /* DUALTREE_NETBUF_SPLIT_H */
