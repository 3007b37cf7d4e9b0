// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes of packets into a buffer, without a copy where their pages allow it.
 *
 *	the bytes lie in				they are
 *	a fragment					referred to, by a page reference
 *	the linear part, in page fragments that no	likewise
 *	 clone of the packet shares
 *	any other linear part, from kmalloc()		copied
 *	pages that their owner may still write to, or	copied
 *	 ends itself: zero-copy sends, sendfile()
 *	pages of the emergency reserve			copied
 *	any, and the tracker is at its limit		copied
 *	memory of a device, which no CPU may read	refused
 *
 * A reference is taken to a page, never to the packet: so the packet's owner may free it, and a
 * socket stops being charged for it. A reference keeps what the stack has charged the packet for
 * these bytes, its truesize without the struct sk_buff: that is what the range is charged.
 *
 * A page of a page pool may be kept like any other. The pool sees the reference when the packet is
 * freed, and replaces the page instead of recycling it.
 *
 * Locks: dualtree_buf_read_sock() holds the socket's lock. Else none: the caller owns the buffer.
 */
#include <dualtree/netbuf.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include "../compat/skb.h"
#include "attach.h"
#include "buf.h"

/**
 * struct taking - bytes of a packet that are added to a buffer
 * @pages: tracker of the pages that are referred to
 * @to: what was taken already
 * @gfp: for records and copies
 * @offset: bytes of the packet to skip, from the next part on
 * @len: bytes to take after these
 * @copied: bytes of @to that were copied
 */
struct taking {
	struct dualtree_pages *pages;
	struct dualtree_buf to;
	gfp_t gfp;
	size_t offset;
	size_t len;
	size_t copied;
};

/* Return: bytes to take from the next part of @size bytes, from byte *@from of it on. */
static size_t next_part(struct taking *t, size_t size, size_t *from)
{
	size_t part;

	if (t->offset >= size) {
		t->offset -= size;
		return 0;
	}
	*from = t->offset;
	part = min(t->len, size - t->offset);
	t->offset = 0;
	t->len -= part;
	return part;
}

static int take_copy(struct taking *t, const void *data, size_t len)
{
	t->copied += len;
	return dualtree_buf_append(&t->to, data, len, t->gfp);
}

static int take_page(struct taking *t, struct page *page, u8 *data, size_t len, size_t charge)
{
	int err = dt_buf_attach(t->pages, &t->to, page, data, len, charge, t->gfp);

	return err == -ENOSPC ? take_copy(t, data, len) : err;
}

/* May a packet's pages be kept, and do their bytes stay as they are? */
static bool pages_may_stay(struct sk_buff *skb)
{
	return !skb_zcopy(skb) && !skb_has_shared_frag(skb) && !skb_pfmemalloc(skb);
}

/* Return: what the memory of a packet's linear part takes. */
static size_t head_truesize(const struct sk_buff *skb)
{
	return skb_end_offset(skb) + SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
}

/* Return: what a packet is charged for its fragments. */
static size_t frags_truesize(const struct sk_buff *skb)
{
	size_t other = SKB_DATA_ALIGN(sizeof(struct sk_buff)) + head_truesize(skb);
	struct sk_buff *next;

	skb_walk_frags(skb, next)
		other += next->truesize;
	return skb->truesize - min_t(size_t, other, skb->truesize);
}

/*
 * A packet does not tell what it is charged for each of its fragments. None holds less than its
 * bytes. What is left is the share of each fragment that has less than that: so the charges sum up
 * to the packet's. Where all buffers of a card have one size, the share is that.
 */
static size_t frag_share(const struct sk_buff *skb)
{
	const struct skb_shared_info *info = skb_shinfo(skb);
	unsigned int nr = info->nr_frags, before, i;
	size_t truesize = frags_truesize(skb), share = truesize / nr, left, size;

	/* Each round finds more of them that have more than the share, or is the last. */
	do {
		before = nr;
		left = truesize;
		for (i = 0, nr = 0; i < info->nr_frags; i++) {
			size = skb_frag_size(&info->frags[i]);
			if (size > share)
				left -= min(left, size);
			else
				nr++;
		}
		share = nr ? left / nr : 0;
	} while (nr && nr < before);
	return share;
}

static int take_head(struct taking *t, struct sk_buff *skb)
{
	size_t from, len = next_part(t, skb_headlen(skb), &from);

	if (!len)
		return 0;
	if (skb_head_is_locked(skb) || skb_pfmemalloc(skb))
		return take_copy(t, skb->data + from, len);
	return take_page(t, virt_to_head_page(skb->head), skb->data + from, len,
			 head_truesize(skb));
}

static int take_frag(struct taking *t, const skb_frag_t *frag, size_t share, bool may_stay)
{
	size_t from, len = next_part(t, skb_frag_size(frag), &from), charge;
	struct page *page = skb_frag_page(frag);

	if (!len)
		return 0;
	if (!page)
		return -EOPNOTSUPP;
	if (!may_stay)
		return take_copy(t, skb_frag_address(frag) + from, len);
	/* No more than the page, in case that one fragment was charged for others. */
	charge = min_t(size_t, share, page_size(compound_head(page)));
	return take_page(t, page, skb_frag_address(frag) + from, len,
			 max_t(size_t, charge, skb_frag_size(frag)));
}

static int take_frags(struct taking *t, struct sk_buff *skb)
{
	const struct skb_shared_info *info = skb_shinfo(skb);
	bool may_stay = pages_may_stay(skb);
	size_t share;
	int i, err = 0;

	if (!info->nr_frags || !t->len)
		return 0;
	if (!skb_frags_readable(skb))
		return -EOPNOTSUPP;
	share = frag_share(skb);
	for (i = 0; i < info->nr_frags && t->len && !err; i++)
		err = take_frag(t, &info->frags[i], share, may_stay);
	return err;
}

/* The packets of a list may have fragments, and in theory lists, of their own. */
static int take_skb(struct taking *t, struct sk_buff *skb)
{
	int err = take_head(t, skb) ?: take_frags(t, skb);
	struct sk_buff *next;

	skb_walk_frags(skb, next) {
		if (err || !t->len)
			break;
		err = take_skb(t, next);
	}
	return err;
}

int dualtree_buf_from_skb(struct dualtree_pages *pages, struct dualtree_buf *buf,
			  struct sk_buff *skb, size_t offset, size_t len, gfp_t gfp)
{
	struct taking t = { .pages = pages, .gfp = gfp, .offset = offset, .len = len };
	int err;

	if (pages->dt != buf->dt || offset > skb->len || len > skb->len - offset)
		return -EINVAL;
	dualtree_buf_init(&t.to, buf->dt);
	err = take_skb(&t, skb);
	if (err) {
		dualtree_buf_purge(&t.to);
		return err;
	}
	atomic64_add(len - t.copied, &pages->referenced);
	atomic64_add(t.copied, &pages->copied);
	return dualtree_buf_splice(buf, &t.to);
}
EXPORT_SYMBOL_GPL(dualtree_buf_from_skb);

/**
 * struct reader - what the socket's packets are for
 * @pages: as in struct taking
 * @buf: the buffer
 * @gfp: as in struct taking
 */
struct reader {
	struct dualtree_pages *pages;
	struct dualtree_buf *buf;
	gfp_t gfp;
};

/* The receive actor. Return: bytes taken, or an error. */
static int take_from_sock(read_descriptor_t *desc, struct sk_buff *skb, unsigned int offset,
			  size_t len)
{
	struct reader *reader = desc->arg.data;
	int err;

	len = min(len, desc->count);
	err = dualtree_buf_from_skb(reader->pages, reader->buf, skb, offset, len, reader->gfp);
	if (err)
		return err;
	desc->count -= len;
	return len;
}

/* Return: why a socket has given no bytes, as recvmsg() would return it. */
static int why_nothing(struct sock *sk)
{
	if (sock_flag(sk, SOCK_DONE))
		return 0;
	if (sk->sk_err)
		return sock_error(sk);
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		return 0;
	return sk->sk_state == TCP_CLOSE ? -ENOTCONN : -EAGAIN;
}

ssize_t dualtree_buf_read_sock(struct dualtree_pages *pages, struct dualtree_buf *buf,
			       struct socket *sock, size_t size, gfp_t gfp)
{
	struct reader reader = { .pages = pages, .buf = buf, .gfp = gfp };
	read_descriptor_t desc = { .arg.data = &reader, .count = min_t(size_t, size, INT_MAX) };
	const struct proto_ops *ops = READ_ONCE(sock->ops);
	ssize_t got;

	if (pages->dt != buf->dt || !size)
		return -EINVAL;
	if (!ops->read_sock)
		return -EOPNOTSUPP;
	lock_sock(sock->sk);
	got = ops->read_sock(sock->sk, &desc, take_from_sock);
	if (!got)
		got = why_nothing(sock->sk);
	release_sock(sock->sk);
	return got;
}
EXPORT_SYMBOL_GPL(dualtree_buf_read_sock);
