/* SPDX-License-Identifier: GPL-2.0 */
/* Vectors of memory, as far as they are read outside of the network stack. */
#ifndef DUALTREE_HOST_VECTORS_H
#define DUALTREE_HOST_VECTORS_H

#include "memory.h"

struct msghdr;
struct sk_buff;
struct sock;
struct socket;

/* A checksum that is not complete. */
typedef u32 __wsum;

struct kvec {
	void *iov_base;
	size_t iov_len;
};

struct bio_vec {
	struct page *bv_page;
	unsigned int bv_len;
	unsigned int bv_offset;
};

/**
 * struct iov_iter - what an iterator over pages would go through
 * @vecs: the pages
 * @nr: number of them
 * @count: number of bytes
 */
struct iov_iter {
	const struct bio_vec *vecs;
	unsigned long nr;
	size_t count;
};

#define ITER_SOURCE	1

static inline void iov_iter_bvec(struct iov_iter *iter, unsigned int direction,
				 const struct bio_vec *vecs, unsigned long nr, size_t count)
{
	*iter = (struct iov_iter){ vecs, nr, count };
}

#endif /* DUALTREE_HOST_VECTORS_H */
