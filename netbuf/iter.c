// SPDX-License-Identifier: GPL-2.0
/*
 * Borrowed views: a buffer's ranges as kernel vectors, page vectors and iterators.
 *
 * No lock, no allocation: the caller owns the buffer. Any context, NMI included.
 */
#include <linux/bvec.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/uio.h>
#include "buf.h"

int dualtree_buf_kvecs(const struct dualtree_buf *buf, size_t len, struct kvec *vecs,
		       unsigned int nr)
{
	struct dualtree_segment *seg;
	unsigned int i = 0;
	size_t part;

	if (len > buf->len)
		return -ENODATA;
	buf_for_each(seg, buf) {
		if (!len)
			break;
		part = min(seg->len, len);
		if (i < nr) {
			vecs[i].iov_base = seg->data;
			vecs[i].iov_len = part;
		}
		len -= part;
		i++;
	}
	return i;
}
EXPORT_SYMBOL_GPL(dualtree_buf_kvecs);

int dualtree_buf_bvecs(const struct dualtree_buf *buf, size_t len, struct bio_vec *vecs,
		       unsigned int nr)
{
	struct dualtree_segment *seg;
	unsigned int i = 0;
	size_t part;

	if (len > buf->len)
		return -ENODATA;
	buf_for_each(seg, buf) {
		if (!len)
			break;
		part = min(seg->len, len);
		if (i < nr) {
			vecs[i].bv_page = virt_to_page(seg->data);
			vecs[i].bv_offset = offset_in_page(seg->data);
			vecs[i].bv_len = part;
		}
		len -= part;
		i++;
	}
	return i;
}
EXPORT_SYMBOL_GPL(dualtree_buf_bvecs);

int dualtree_buf_iter(const struct dualtree_buf *buf, size_t len, struct bio_vec *vecs,
		      unsigned int nr, struct iov_iter *iter)
{
	int needed = dualtree_buf_bvecs(buf, len, vecs, nr);

	if (needed < 0)
		return needed;
	if (needed > nr)
		return -ENOSPC;
	iov_iter_bvec(iter, ITER_SOURCE, vecs, needed, len);
	return 0;
}
EXPORT_SYMBOL_GPL(dualtree_buf_iter);
