// SPDX-License-Identifier: GPL-2.0
/*
 * XDP.
 *
 *	the program's answer	the slot's buffer
 *	XDP_PASS		becomes a packet, from where the program has put its begin and end
 *	XDP_DROP, a failure	is used again
 *	XDP_TX			is pinned; the transmit ring has a reference to its page
 *	XDP_REDIRECT		is pinned; the frame has one, as MEM_TYPE_PAGE_SHARED says
 *
 * What is pinned is freed by dualtree_rx_reap() when no reference to its page is left. So a buffer
 * lies in one page.
 *
 * The buffers have room for a program and other sizes only while there is a program: to set the
 * first one and to remove the last one the card goes down and up.
 */
#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/xdp.h>

#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>

#include "netdev.h"
#include "nic.h"
#include "rx.h"
#include "tx.h"
#include "xdp.h"

/* The program has perhaps written to any byte. */
static void slot_keep(struct nic *nic, struct dualtree_rx_slot *slot)
{
	dualtree_dma_sync_for_device(nic->rx.dt, slot->data - nic->rx.headroom,
				     dualtree_rx_truesize(nic->rx.tracker));
}

/* Return: whether the buffer is pinned, and the slot empty. */
static bool slot_pin(struct nic *nic, struct dualtree_rx_slot *slot)
{
	struct dualtree_rx *tracker = nic->rx.tracker;

	if (dualtree_rx_pin(tracker, slot->data - nic->rx.headroom, dualtree_rx_truesize(tracker)))
		return false;
	slot->data = NULL;
	return true;
}

/* Send a frame whose buffer is pinned. Return: false if the reference is still the caller's. */
static bool frame_send(struct nic *nic, const struct xdp_buff *buff)
{
	struct netdev_queue *queue = netdev_get_tx_queue(nic->dev, 0);
	bool sent;

	__netif_tx_lock(queue, smp_processor_id());
	sent = tx_send_received(nic, buff->data, buff->data_end - buff->data);
	__netif_tx_unlock(queue);
	nic->xdp_sent |= sent;
	return sent;
}

static bool frame_redirect(struct nic *nic, struct xdp_buff *buff, struct bpf_prog *prog)
{
	if (xdp_do_redirect(nic->dev, buff, prog))
		return false;
	nic->xdp_redirected = true;
	return true;
}

/* XDP_TX and XDP_REDIRECT. Return: false if the frame is lost. */
static bool frame_forward(struct nic *nic, struct bpf_prog *prog, struct dualtree_rx_slot *slot,
			  struct xdp_buff *buff, u32 answer)
{
	bool gone;

	if (!slot_pin(nic, slot)) {
		slot_keep(nic, slot);
		return false;
	}
	if (answer == XDP_TX)
		gone = frame_send(nic, buff);
	else
		gone = frame_redirect(nic, buff, prog);
	if (!gone)
		put_page(virt_to_page(buff->data_hard_start));
	return gone;
}

bool xdp_run(struct nic *nic, struct bpf_prog *prog, struct xdp_rxq_info *rxq,
	     struct dualtree_rx_slot *slot, void **data, unsigned int *len)
{
	enum count as = XDP_DROPPED;
	struct xdp_buff buff;
	u32 answer;

	xdp_init_buff(&buff, dualtree_rx_truesize(nic->rx.tracker), rxq);
	xdp_prepare_buff(&buff, slot->data - nic->rx.headroom, nic->rx.headroom, *len, false);
	answer = bpf_prog_run_xdp(prog, &buff);
	switch (answer) {
	case XDP_PASS:
		count(&nic->counts, XDP_PASSED, 1);
		*data = buff.data;
		*len = buff.data_end - buff.data;
		return true;
	case XDP_TX:
	case XDP_REDIRECT:
		as = answer == XDP_TX ? XDP_SENT : XDP_REDIRECTED;
		if (frame_forward(nic, prog, slot, &buff, answer))
			break;
		trace_xdp_exception(nic->dev, prog, answer);
		as = XDP_FAILED;
		break;
	case XDP_DROP:
		slot_keep(nic, slot);
		break;
	default:
		bpf_warn_invalid_xdp_action(nic->dev, prog, answer);
		fallthrough;
	case XDP_ABORTED:
		trace_xdp_exception(nic->dev, prog, answer);
		slot_keep(nic, slot);
		as = XDP_FAILED;
	}
	count(&nic->counts, as, 1);
	return false;
}

void xdp_finish(struct nic *nic)
{
	struct netdev_queue *queue = netdev_get_tx_queue(nic->dev, 0);

	if (nic->xdp_redirected)
		xdp_do_flush();
	if (nic->xdp_sent) {
		__netif_tx_lock(queue, smp_processor_id());
		if (nic->up)
			tx_kick(nic);
		__netif_tx_unlock(queue);
	}
	nic->xdp_redirected = false;
	nic->xdp_sent = false;
}

int xdp_xmit(struct net_device *dev, int nr, struct xdp_frame **frames, u32 flags)
{
	struct netdev_queue *queue = netdev_get_tx_queue(dev, 0);
	struct nic *nic = netdev_priv(dev);
	int sent;

	if (flags & ~XDP_XMIT_FLAGS_MASK)
		return -EINVAL;
	__netif_tx_lock(queue, smp_processor_id());
	for (sent = 0; sent < nr; sent++) {
		if (!tx_send_frame(nic, frames[sent]))
			break;
	}
	if (nic->up && flags & XDP_XMIT_FLUSH)
		tx_kick(nic);
	__netif_tx_unlock(queue);
	return sent;
}

int xdp_setup(struct net_device *dev, struct netdev_bpf *bpf)
{
	struct nic *nic = netdev_priv(dev);
	struct bpf_prog *old = rtnl_dereference(nic->xdp_prog);
	int err = 0;

	if (bpf->command != XDP_SETUP_PROG)
		return -EINVAL;
	if (bpf->prog && dev->mtu > ETH_DATA_LEN) {
		NL_SET_ERR_MSG_MOD(bpf->extack, "XDP is for an MTU up to 1500");
		return -EOPNOTSUPP;
	}
	/* The buffers that a program wants come before it, and go after it. */
	if (bpf->prog && !old)
		err = nic_reconfigure(nic, dev->mtu, true);
	if (err)
		return err;
	rcu_assign_pointer(nic->xdp_prog, bpf->prog);
	if (old && !bpf->prog) {
		/* A poll may be in the old one. */
		synchronize_net();
		err = nic_reconfigure(nic, dev->mtu, false);
		if (err)
			netdev_warn(dev, "buffers stay as they are for XDP: %d\n", err);
	}
	if (old)
		bpf_prog_put(old);
	return 0;
}
