// SPDX-License-Identifier: GPL-2.0
/*
 * Views of a buffer for crypto, block devices and protocols: a scatterlist, and a checksum.
 *
 * No lock, no allocation: the caller owns the buffer. Any context, NMI included.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <net/checksum.h>
#include "buf.h"

int dualtree_buf_to_sg(const struct dualtree_buf *buf, size_t offset, size_t len,
		       struct scatterlist *sg, unsigned int nr)
{
	struct dualtree_segment *seg;
	unsigned int i = 0;
	size_t part;

	if (offset > buf->len || len > buf->len - offset)
		return -ENODATA;
	if (nr)
		sg_init_table(sg, nr);
	seg = len ? dt_buf_seek(buf, &offset) : NULL;
	for (; len; len -= part, offset = 0, seg = list_next_entry(seg, node)) {
		part = min(len, seg->len - offset);
		if (i == nr)
			return -ENOSPC;
		sg_set_buf(&sg[i++], seg->data + offset, part);
	}
	if (i)
		sg_mark_end(&sg[i - 1]);
	return i;
}
EXPORT_SYMBOL_GPL(dualtree_buf_to_sg);

int dualtree_buf_checksum(const struct dualtree_buf *buf, size_t offset, size_t len, __wsum *sum)
{
	struct dualtree_segment *seg;
	size_t part, done = 0;

	if (offset > buf->len || len > buf->len - offset)
		return -ENODATA;
	seg = len ? dt_buf_seek(buf, &offset) : NULL;
	for (; done < len; done += part, offset = 0, seg = list_next_entry(seg, node)) {
		part = min(len - done, seg->len - offset);
		*sum = csum_block_add(*sum, csum_partial(seg->data + offset, part, 0), done);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_checksum);
