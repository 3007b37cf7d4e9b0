/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets into a packet buffer, without a copy. Ranges in pages of the network stack, or of any
 * other owner, lie in a chain with ranges of the instance. Included by netbuf.h.
 *
 *	dualtree_buf_from_skb()		bytes of a packet
 *	dualtree_buf_read_sock()	what a TCP socket has received
 *	dualtree_buf_attach_page()	bytes of any page
 *	dualtree_buf_compact()		copies out of pages that a few bytes keep from others
 *
 * All calls on buffers work on both kinds of ranges. These bytes may only be read, and only they
 * have a reference to their page:
 *
 * - dualtree_buf_detach() copies them, as does dualtree_rx_skb(): its caller, and the device, may
 *   write what they get.
 * - dualtree_buf_recv() does not extend such a range.
 * - When they are consumed, or a part of them, nothing is freed before the last view of the range
 *   goes. Then the reference is dropped. So purging a buffer, or consuming it, may be done as
 *   put_page() may: not in an NMI.
 * - dualtree_destroy() does not know them. Purge all buffers that have any, and end all sends, and
 *   then call dualtree_pages_destroy(), before it.
 */
#ifndef DUALTREE_NETBUF_PAGES_H
#define DUALTREE_NETBUF_PAGES_H

#include <linux/gfp.h>
#include <linux/types.h>

struct dualtree;
struct dualtree_buf;
struct dualtree_pages;
struct page;
struct sk_buff;
struct socket;

/**
 * struct dualtree_pages_stats - statistics of a tracker of pages
 * @referenced_bytes: bytes that were taken by reference
 * @copied_bytes: bytes of packets that had to be copied
 * @compacted_bytes: bytes that dualtree_buf_compact() and dualtree_buf_unshare() copied
 * @live_bytes: bytes of ranges in pages, of which a buffer or a send has a view
 * @held_bytes: what these ranges are charged
 * @ranges: number of these ranges
 */
struct dualtree_pages_stats {
	u64 referenced_bytes;
	u64 copied_bytes;
	u64 compacted_bytes;
	size_t live_bytes;
	size_t held_bytes;
	unsigned long ranges;
};

/**
 * dualtree_pages_create() - create a tracker of pages of other owners
 * @dt: the instance whose buffers refer to them
 * @limit: maximum of held_bytes, beyond which packets are copied
 *
 * A range is charged what its page keeps from others. For a packet's bytes that is what the stack
 * has charged the packet for the buffer that they lie in (truesize). With card buffers for an MTU
 * of 1,500 it is some 1,900 bytes for 1,460; with buffers of a page it is a page for ten bytes. Two
 * ranges that were taken from one such buffer in two calls are charged twice.
 *
 * The stack cuts buffers out of larger pages, of 32 KiB for example, as it charges them: by the
 * piece. But it gets such a page back as a whole. Where neighbours of a range are released long
 * before it, more memory than held_bytes is kept, at worst the large page for each range.
 *
 * The records of ranges lie in the instance, two granules each, and count for its limit. Neither
 * the socket nor its memory cgroup is charged for what a buffer has taken.
 *
 * Context: Process context. May sleep.
 * Return: the tracker, or ERR_PTR(-ENOMEM).
 */
struct dualtree_pages *dualtree_pages_create(struct dualtree *dt, size_t limit);

/**
 * dualtree_pages_destroy() - free a tracker
 * @pages: the tracker, or NULL; no other call may use it
 *
 * No buffer and no send has a range in a page any more. If one has, a line in the log says so, and
 * the tracker and the module stay until that range is released.
 *
 * Context: Process context.
 */
void dualtree_pages_destroy(struct dualtree_pages *pages);

/**
 * dualtree_pages_get_stats() - read the statistics of a tracker
 * @pages: the tracker
 * @stats: set to the statistics, which are exact while no range comes or goes
 *
 * Context: Any context, NMI included.
 */
void dualtree_pages_get_stats(const struct dualtree_pages *pages,
			      struct dualtree_pages_stats *stats);

/**
 * dualtree_buf_attach_page() - append bytes of a page by reference
 * @pages: tracker of the buffer's instance
 * @buf: the buffer
 * @page: the page, or any part of a compound page; not of a slab. The call takes a reference
 * @offset: offset of the first byte in the page, or in the compound page
 * @len: number of bytes; they are not written to as long as the reference is there
 * @charge: bytes that the range is charged, at least @len
 * @gfp: flags for the records, as for dualtree_alloc()
 *
 * Context: As dualtree_alloc().
 * Return: 0; -EINVAL if @len is 0, the bytes are not in the page, @charge is less than @len or
 * @pages is of another instance; -ENOSPC at the limit of @pages; or -ENOMEM. After an error nothing
 * is appended.
 */
int dualtree_buf_attach_page(struct dualtree_pages *pages, struct dualtree_buf *buf,
			     struct page *page, size_t offset, size_t len, size_t charge,
			     gfp_t gfp);

/**
 * dualtree_buf_from_skb() - append bytes of a packet, by reference where that is possible
 * @pages: tracker of the buffer's instance
 * @buf: the buffer
 * @skb: the packet, which is not changed and stays the caller's
 * @offset: offset of the first byte from skb->data
 * @len: number of bytes; 0 appends nothing
 * @gfp: flags for records and copies, as for dualtree_alloc()
 *
 * By reference are fragments, of the packet and of those in its list, and the linear part if it
 * lies in page fragments and no clone shares it. Copied are
 *
 * - any other linear part,
 * - fragments of zero-copy sends and of sendfile(), which their owner may still write to,
 * - what lies in the kernel's emergency reserve,
 * - all bytes at the limit of @pages.
 *
 * The caller does not write to the bytes afterwards, and may free the packet at once.
 *
 * Context: As dualtree_alloc(), and as put_page().
 * Return: 0; -EINVAL if the packet does not have these bytes or @pages is of another instance;
 * -EOPNOTSUPP if some lie in a device's memory, which the CPU cannot read; or -ENOMEM. After an
 * error nothing is appended.
 */
int dualtree_buf_from_skb(struct dualtree_pages *pages, struct dualtree_buf *buf,
			  struct sk_buff *skb, size_t offset, size_t len, gfp_t gfp);

/**
 * dualtree_buf_read_sock() - append what a socket has received, by reference where possible
 * @pages: tracker of the buffer's instance
 * @buf: the buffer
 * @sock: a TCP socket, or another one with a read_sock operation
 * @size: maximum number of bytes, more than 0
 * @gfp: as for dualtree_buf_from_skb()
 *
 * What is there is taken, at once, and acknowledged to the peer as by recvmsg(); the socket's lock
 * is held meanwhile. What becomes of each packet's bytes is in dualtree_buf_from_skb(). A @size
 * that ends in the middle of packets charges their buffers twice: take all that is there. Urgent
 * data ends a stream.
 *
 * Context: Process context. May sleep, but does not wait for data.
 * Return: number of bytes; 0 at the end of the stream; -EAGAIN if there are none yet; -EINVAL if
 * @size is 0 or @pages is of another instance; -EOPNOTSUPP if the socket has no such operation, or
 * its bytes lie in a device's memory; -ENOMEM; or the socket's error: -ECONNRESET and so on. After
 * an error nothing is appended.
 */
ssize_t dualtree_buf_read_sock(struct dualtree_pages *pages, struct dualtree_buf *buf,
			       struct socket *sock, size_t size, gfp_t gfp);

/**
 * dualtree_buf_compact() - copy out of pages that hold much more than the buffer has of them
 * @buf: the buffer
 * @percent: what a range may be charged for 100 of its bytes; more, and it is copied
 * @gfp: as for dualtree_alloc()
 *
 * For bytes that are kept for long. Afterwards the ranges that lie in pages hold at most @percent
 * of their bytes, whatever becomes of other views. Ranges of the instance stay as they are.
 *
 * Context: As dualtree_alloc(), and as put_page().
 * Return: 0 or -ENOMEM; then the buffer has the same bytes, some of them copied.
 */
int dualtree_buf_compact(struct dualtree_buf *buf, unsigned int percent, gfp_t gfp);

#endif /* DUALTREE_NETBUF_PAGES_H */
