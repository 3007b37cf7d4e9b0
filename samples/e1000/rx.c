// SPDX-License-Identifier: GPL-2.0
/*
 * The receive side, all on dualtree_rx_...().
 *
 * The buffers, by what is received:
 *
 *	an XDP program	XDP_PACKET_HEADROOM, and as much as makes a page with the room after it.
 *			The device writes up to 1522 bytes
 *	fragments	1536 bytes for an MTU up to 1500. The device writes up to 1522 bytes
 *	MTU up to 1500	NET_SKB_PAD and 1536 bytes: two fit a page of 4 KiB. The device writes up to
 *			1522 bytes
 *	MTU above	NET_SKB_PAD and 16 KiB. The device writes as much
 *
 * The device is told 2 KiB or 16 KiB. It is not told to take long packets in the first three cases:
 * then it drops what is above 1522 bytes, its CRC included.
 *
 * A frame goes this way, in the poll:
 *
 *	sync for the CPU -> program -> dualtree_rx_receive() -> GRO
 *
 * A slot that was copied, dropped or is faulty keeps its buffer. rx_refill() fills the others and
 * gives all of them to the device again.
 */
#include <linux/bpf.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include <dualtree/buddy_pool.h>
#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>

#include "hw.h"
#include "nic.h"
#include "regs.h"
#include "rx.h"
#include "xdp.h"

/* Bytes that the device writes to a buffer at an MTU of 1500: FRAME_MAX_SHORT, in granules. */
#define SIZE_SHORT	1536

/* Ranges that a poll looks at, beyond two for each frame: an idle poll reaps, too. */
#define REAP_SPARE	16

/* Bytes that packets may hold, beyond which they are copied. */
#define PINNED_MAX	SZ_64M

/* Looks at what is live, a millisecond apart, before it is said to be lost. */
#define ACCOUNT_LOOKS	20

/* Without a warning: on OOM the device has fewer buffers, and drops and counts. */
#define RX_GFP		(GFP_ATOMIC | __GFP_NOWARN)

static void rx_sizes(const struct rx_config *config, struct rx *rx,
		     struct dualtree_rx_params *params)
{
	rx->rctl = RCTL_BSIZE_2K;
	if (config->xdp) {
		params->headroom = XDP_PACKET_HEADROOM;
		params->size = SKB_WITH_OVERHEAD(SZ_4K) - XDP_PACKET_HEADROOM;
	} else if (config->mtu <= ETH_DATA_LEN) {
		params->headroom = config->fragments ? 0 : NET_SKB_PAD;
		params->size = SIZE_SHORT;
		params->fragments = config->fragments;
	} else {
		params->headroom = NET_SKB_PAD;
		params->size = SZ_16K;
		rx->rctl = RCTL_BSIZE_16K | RCTL_LPE;
	}
	rx->headroom = params->headroom;
}

static int rx_create_memory(struct nic *nic, struct rx *rx, const struct rx_config *config)
{
	struct buddy_pool_params pool = {
		.nid = dev_to_node(&nic->pdev->dev),
		.dev = &nic->pdev->dev,
		.dma_dir = DMA_BIDIRECTIONAL,
	};
	struct dualtree_params instance = { .flags = DUALTREE_SKIP_ZERO };
	struct dualtree_rx_params tracker = {
		.limit = PINNED_MAX,
		.napi = &nic->napi,
		.copybreak = config->copybreak,
	};

	rx_sizes(config, rx, &tracker);
	rx->pool = buddy_pool_create(nic->dev->name, &pool);
	if (IS_ERR(rx->pool))
		return PTR_ERR(rx->pool);
	instance.pool = rx->pool;
	rx->dt = dualtree_create(nic->dev->name, &instance);
	if (IS_ERR(rx->dt)) {
		buddy_pool_destroy(rx->pool);
		return PTR_ERR(rx->dt);
	}
	rx->tracker = dualtree_rx_create(rx->dt, &tracker);
	if (IS_ERR(rx->tracker)) {
		dualtree_destroy(rx->dt);
		buddy_pool_destroy(rx->pool);
		return PTR_ERR(rx->tracker);
	}
	return 0;
}

static void rx_destroy_memory(struct rx *rx)
{
	dualtree_rx_destroy(rx->tracker);
	dualtree_destroy(rx->dt);
	buddy_pool_destroy(rx->pool);
}

int rx_alloc(struct nic *nic, struct rx *rx, const struct rx_config *config)
{
	int err = rx_create_memory(nic, rx, config);

	if (err)
		return err;
	rx->entries = config->entries;
	rx->next = 0;
	rx->posted = 0;
	rx->skip = false;
	rx->slots = kvcalloc(rx->entries, sizeof(*rx->slots), GFP_KERNEL);
	if (!rx->slots)
		goto destroy;
	rx->descs = dma_alloc_coherent(&nic->pdev->dev, rx->entries * sizeof(*rx->descs), &rx->dma,
				       GFP_KERNEL);
	if (!rx->descs)
		goto free;
	return 0;

free:
	kvfree(rx->slots);
destroy:
	rx_destroy_memory(rx);
	return -ENOMEM;
}

/* Leak an allocation or a mapping, or free an allocation twice. */
static void rx_inject(struct nic *nic, struct rx *rx)
{
	const size_t len = 1500;
	void *data;

	if (nic->inject != INJECT_LEAK && nic->inject != INJECT_DOUBLE_FREE &&
	    nic->inject != INJECT_MAPPING)
		return;
	netdev_info(nic->dev, "doing one thing wrong, as asked\n");
	if (nic->inject == INJECT_MAPPING) {
		dma_map_page(&nic->pdev->dev, ZERO_PAGE(0), 0, PAGE_SIZE, DMA_TO_DEVICE);
		return;
	}
	data = dualtree_alloc(rx->dt, len, GFP_KERNEL);
	if (!data || nic->inject == INJECT_LEAK)
		return;
	dualtree_free(rx->dt, data, len);
	dualtree_free(rx->dt, data, len);
}

/*
 * What is live after the buffers are freed is held by packets, or lost. It is reaped meanwhile:
 * what it has freed and not counted yet is neither, and a later look is right.
 */
static void rx_account(struct nic *nic, struct rx *rx)
{
	unsigned int looks = ACCOUNT_LOOKS;
	struct dualtree_rx_stats held;
	struct dualtree_stats stats;

	dualtree_rx_reap(rx->tracker, UINT_MAX);
	for (;;) {
		dualtree_rx_get_stats(rx->tracker, &held);
		dualtree_get_stats(rx->dt, &stats);
		if (stats.live_bytes == held.pinned_bytes || !--looks)
			break;
		fsleep(1000);
	}
	if (stats.live_bytes != held.pinned_bytes)
		netdev_warn(nic->dev, "%zu bytes are live, packets hold %zu\n", stats.live_bytes,
			    held.pinned_bytes);
	totals_add(&held, &stats);
}

void rx_free(struct nic *nic, struct rx *rx)
{
	dualtree_rx_discard(rx->tracker, rx->slots, rx->entries);
	rx_inject(nic, rx);
	rx_account(nic, rx);
	rx_destroy_memory(rx);
	dma_free_coherent(&nic->pdev->dev, rx->entries * sizeof(*rx->descs), rx->descs, rx->dma);
	kvfree(rx->slots);
}

void rx_program(struct nic *nic)
{
	struct rx *rx = &nic->rx;

	hw_write(nic, REG_RDBAL, lower_32_bits(rx->dma));
	hw_write(nic, REG_RDBAH, upper_32_bits(rx->dma));
	hw_write(nic, REG_RDLEN, rx->entries * sizeof(*rx->descs));
	hw_write(nic, REG_RDH, 0);
	hw_write(nic, REG_RDT, 0);
	hw_write(nic, REG_RCTL, RCTL_EN | RCTL_BAM | RCTL_SECRC | rx->rctl);
}

static void slot_post(const struct nic *nic, struct rx *rx, unsigned int i)
{
	dma_addr_t dma = rx->slots[i].dma;

	/* Of no buffer, for scripts/nic --self-check. */
	if (unlikely(nic->inject == INJECT_ADDRESS))
		dma = ~dma & DMA_BIT_MASK(32);
	rx->descs[i].addr = cpu_to_le64(dma);
	rx->descs[i].status = 0;
}

bool rx_refill(struct nic *nic, gfp_t gfp)
{
	struct rx *rx = &nic->rx;
	unsigned int want, got, first = rx->posted;
	/* One stays: where head and tail are the same, the device has none. */
	unsigned int until = (rx->next ?: rx->entries) - 1;
	bool full = true;

	while (full && rx->posted != until) {
		want = (rx->posted < until ? until : rx->entries) - rx->posted;
		got = dualtree_rx_refill(rx->tracker, &rx->slots[rx->posted], want, gfp);
		full = got == want;
		while (got--)
			slot_post(nic, rx, rx->posted++);
		if (rx->posted == rx->entries)
			rx->posted = 0;
	}
	/* The write orders the descriptors before it. */
	if (rx->posted != first)
		hw_write(nic, REG_RDT, rx->posted);
	return full;
}

static void skb_set_checksum(struct nic *nic, struct sk_buff *skb, const struct rx_desc *desc)
{
	if (!(nic->dev->features & NETIF_F_RXCSUM) || desc->status & RXD_IXSM ||
	    !(desc->status & RXD_TCPCS))
		return;
	if (desc->errors & (RXD_ERR_TCPE | RXD_ERR_IPE)) {
		count(&nic->counts, RX_CSUM_BAD, 1);
		return;
	}
	count(&nic->counts, RX_CSUM_GOOD, 1);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
}

static void frame_receive(struct nic *nic, struct bpf_prog *prog, const struct rx_desc *desc,
			  struct dualtree_rx_slot *slot)
{
	unsigned int len = le16_to_cpu(desc->length);
	struct rx *rx = &nic->rx;
	void *data = slot->data;
	struct sk_buff *skb;

	count(&nic->counts, RX_PACKETS, 1);
	count(&nic->counts, RX_BYTES, len);
	dualtree_dma_sync_for_cpu(rx->dt, data, len);
	if (prog && !xdp_run(nic, prog, &nic->rxq, slot, &data, &len))
		return;
	skb = dualtree_rx_receive(rx->tracker, slot, data, len, 0);
	if (!skb) {
		count(&nic->counts, RX_DROPPED, 1);
		return;
	}
	skb_set_checksum(nic, skb, desc);
	skb->protocol = eth_type_trans(skb, nic->dev);
	skb_record_rx_queue(skb, 0);
	napi_gro_receive(&nic->napi, skb);
}

/* Return: whether a descriptor holds a whole and good frame. The slots of others keep theirs. */
static bool desc_is_frame(struct nic *nic, const struct rx_desc *desc)
{
	struct rx *rx = &nic->rx;
	bool rest = rx->skip;

	rx->skip = !(desc->status & RXD_EOP);
	if (rest)
		return false;
	if (rx->skip) {
		count(&nic->counts, RX_TOO_LONG, 1);
		return false;
	}
	if (desc->errors & RXD_ERR_FRAME || le16_to_cpu(desc->length) < ETH_HLEN) {
		count(&nic->counts, RX_ERRORS, 1);
		return false;
	}
	return true;
}

int rx_poll(struct nic *nic, int budget)
{
	struct bpf_prog *prog = rcu_dereference_bh(nic->xdp_prog);
	struct rx *rx = &nic->rx;
	const struct rx_desc *desc;
	int done;

	/* The descriptor at posted is not the device's: it says what it said before. */
	for (done = 0; done < budget && rx->next != rx->posted; done++) {
		desc = &rx->descs[rx->next];
		if (!(READ_ONCE(desc->status) & RXD_DD))
			break;
		/* The rest of the descriptor, and the frame, after that. */
		dma_rmb();
		if (desc_is_frame(nic, desc))
			frame_receive(nic, prog, desc, &rx->slots[rx->next]);
		rx->next = rx->next + 1 < rx->entries ? rx->next + 1 : 0;
	}
	if (prog)
		xdp_finish(nic);
	dualtree_rx_reap(rx->tracker, 2 * done + REAP_SPARE);
	if (!rx_refill(nic, RX_GFP)) {
		count(&nic->counts, RX_REFILLS_SHORT, 1);
		/* No frame can arrive and have us called. */
		if (rx->next == rx->posted)
			return budget;
	}
	return done;
}
