// SPDX-License-Identifier: GPL-2.0
/*
 * vnic: a pair of Ethernet devices that receive into dualtree memory, as a network driver does.
 *
 * A frame that is sent on vnic0 arrives on vnic1, and the other way round. Each end posts
 * buffers of 16 KiB ahead. What becomes of a buffer that a frame arrived in:
 *
 *	part		mode=zerocopy				mode=copy
 *	after the frame	freed at once				freed at once
 *	headers		copied into the packet, freed at once	copied, freed at once
 *	payload		page fragments of the packet; freed	copied, freed at once
 *			when no packet refers to the pages
 *
 * While packets hold cap_kib of pages, zerocopy copies, too. Unloading waits until the stack
 * has released all pages, those of unread sockets included. It logs a line every ten seconds
 * meanwhile, and one line of counts at the end.
 *
 * This file has parameters, creation and destruction: process context. netdev.c and rx.c have
 * the data path and its rules. Counts are in debugfs, vnic/NAME/stats.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/etherdevice.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>

#include <dualtree/dualtree.h>
#include <dualtree/netbuf.h>

#include "end.h"
#include "netdev.h"
#include "rx.h"

#define NR_ENDS		2

/* Jiffies between two runs of the housekeeping: the delay until an idle end frees a range. */
#define HOUSE_PERIOD	(HZ / 20 ?: 1)
/* Ranges that one run looks at, which bounds it. */
#define HOUSE_REAP	512

/* Jiffies between two lines that tell what unloading waits for. */
#define DRAIN_PATIENCE	(10 * HZ)

static char *mode = "zerocopy";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "How packets get what was received: zerocopy or copy");

static unsigned int ring_size = 256;
module_param(ring_size, uint, 0444);
MODULE_PARM_DESC(ring_size, "Buffers that each end posts; a power of two, 16 to 4096");

static unsigned int cap_kib = 8192;
module_param(cap_kib, uint, 0444);
MODULE_PARM_DESC(cap_kib, "KiB of pages that packets may hold of each end; beyond it: copied");

static unsigned int limit_mib;
module_param(limit_mib, uint, 0444);
MODULE_PARM_DESC(limit_mib, "MiB that each end may take; 0: no limit");

static bool rx_csum = true;
module_param(rx_csum, bool, 0444);
MODULE_PARM_DESC(rx_csum, "Checksums count as verified; else the stack verifies them");

/* A fault to inject. scripts/vnic --self-check requires that each one is reported. */
static char *inject = "";
module_param(inject, charp, 0444);
MODULE_PARM_DESC(inject, "Do one thing wrong: corrupt, or at unload leak or double_free");

/* Set before the devices are registered; unset after they are unregistered. */
static struct end *ends[NR_ENDS];
static struct dentry *debugfs_dir;

static int stats_show(struct seq_file *seq, void *unused)
{
	struct end *end = seq->private;

	show_counts(seq, &end->counts, end->dt, end->rx);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static void end_housekeeping(struct work_struct *work)
{
	struct end *end = container_of(to_delayed_work(work), struct end, housekeeping);

	sample_peaks(&end->counts, end->dt, end->rx);
	dualtree_rx_reap(end->rx, HOUSE_REAP);
	schedule_delayed_work(&end->housekeeping, HOUSE_PERIOD);
}

static int end_create_memory(struct end *end, const char *name)
{
	struct dualtree_params params = {
		.limit = (size_t)limit_mib << 20,
		.flags = DUALTREE_REPORT_LEAKS,
	};
	int err;

	end->dt = dualtree_create(name, &params);
	if (IS_ERR(end->dt))
		return PTR_ERR(end->dt);
	end->rx = dualtree_rx_create(end->dt, end->zerocopy ? (size_t)cap_kib << 10 : 0);
	if (IS_ERR(end->rx)) {
		err = PTR_ERR(end->rx);
		goto destroy;
	}
	err = ring_init(&end->ring, end->dt, ring_size);
	if (!err)
		return 0;
	dualtree_rx_destroy(end->rx);
destroy:
	dualtree_destroy(end->dt);
	return err;
}

static struct end *end_create(unsigned int nr)
{
	struct net_device *dev = alloc_etherdev(sizeof(struct end));
	struct end *end;
	int err;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	snprintf(dev->name, sizeof(dev->name), "vnic%u", nr);
	end = netdev_priv(dev);
	end->dev = dev;
	end->zerocopy = !strcmp(mode, "zerocopy");
	end->inject_corrupt = !strcmp(inject, "corrupt");
	err = end_create_memory(end, dev->name);
	if (err) {
		free_netdev(dev);
		return ERR_PTR(err);
	}
	INIT_DELAYED_WORK(&end->housekeeping, end_housekeeping);
	vnic_setup(dev, rx_csum);
	netif_napi_add(dev, &end->napi, vnic_poll);
	return end;
}

/* At unload: leak an allocation, or free one twice. */
static void inject_fault(struct dualtree *dt)
{
	const size_t len = 1500;
	void *data;

	if (strcmp(inject, "leak") && strcmp(inject, "double_free"))
		return;
	pr_info("doing one thing wrong, as asked: %s\n", inject);
	data = dualtree_alloc(dt, len, GFP_KERNEL);
	if (!data || !strcmp(inject, "leak"))
		return;
	dualtree_free(dt, data, len);
	dualtree_free(dt, data, len);
}

/* Wait for the pages that the stack still holds. Both ends are unregistered. */
static void end_drain(struct end *end)
{
	struct dualtree_rx_stats stats;

	while (dualtree_rx_drain(end->rx, DRAIN_PATIENCE)) {
		dualtree_rx_get_stats(end->rx, &stats);
		pr_info("%s: %lu ranges are still held by packets, waiting\n", end->dev->name,
			stats.pinned_ranges);
	}
}

static void end_destroy(struct end *end)
{
	dualtree_rx_destroy(end->rx);
	dualtree_destroy(end->dt);
	ring_free(&end->ring);
	netif_napi_del(&end->napi);
	free_netdev(end->dev);
}

static void ends_destroy(void)
{
	unsigned int i;

	for (i = 0; i < NR_ENDS; i++) {
		if (!IS_ERR_OR_NULL(ends[i]))
			end_destroy(ends[i]);
	}
}

static void register_debugfs(void)
{
	struct dentry *dir;
	unsigned int i;

	debugfs_dir = debugfs_create_dir("vnic", NULL);
	for (i = 0; i < NR_ENDS; i++) {
		dir = debugfs_create_dir(i ? "vnic1" : "vnic0", debugfs_dir);
		debugfs_create_file("stats", 0444, dir, ends[i], &stats_fops);
	}
}

static int check_parameters(void)
{
	static const char * const wrong[] = { "", "corrupt", "leak", "double_free" };

	if (strcmp(mode, "zerocopy") && strcmp(mode, "copy")) {
		pr_err("mode must be zerocopy or copy\n");
		return -EINVAL;
	}
	if (!is_power_of_2(ring_size) || ring_size < 16 || ring_size > 4096) {
		pr_err("ring_size must be a power of two, 16 to 4096\n");
		return -EINVAL;
	}
	if (match_string(wrong, ARRAY_SIZE(wrong), inject) < 0) {
		pr_err("inject must be corrupt, leak or double_free\n");
		return -EINVAL;
	}
	return 0;
}

static int __init vnic_init(void)
{
	unsigned int i;
	int err = check_parameters();

	if (err)
		return err;
	for (i = 0; i < NR_ENDS; i++) {
		ends[i] = end_create(i);
		if (IS_ERR(ends[i])) {
			err = PTR_ERR(ends[i]);
			goto destroy;
		}
	}
	ends[0]->peer = ends[1];
	ends[1]->peer = ends[0];
	err = register_netdev(ends[0]->dev);
	if (err)
		goto destroy;
	err = register_netdev(ends[1]->dev);
	if (err)
		goto unregister;
	register_debugfs();
	for (i = 0; i < NR_ENDS; i++)
		schedule_delayed_work(&ends[i]->housekeeping, HOUSE_PERIOD);
	return 0;

unregister:
	unregister_netdev(ends[0]->dev);
destroy:
	ends_destroy();
	return err;
}

/* Unregister both ends at once, in whichever namespaces they are. Closing frees the rings. */
static void ends_unregister(void)
{
	LIST_HEAD(list);
	unsigned int i;

	rtnl_lock();
	for (i = 0; i < NR_ENDS; i++)
		unregister_netdevice_queue(ends[i]->dev, &list);
	unregister_netdevice_many(&list);
	rtnl_unlock();
}

static void __exit vnic_exit(void)
{
	size_t live = 0, held = 0;
	struct dualtree_stats stats;
	u64 bad_frees = 0;
	unsigned int i;

	ends_unregister();
	debugfs_remove(debugfs_dir);
	for (i = 0; i < NR_ENDS; i++)
		cancel_delayed_work_sync(&ends[i]->housekeeping);
	inject_fault(ends[0]->dt);
	for (i = 0; i < NR_ENDS; i++) {
		end_drain(ends[i]);
		dualtree_shrink(ends[i]->dt);
		dualtree_get_stats(ends[i]->dt, &stats);
		live += stats.live_bytes;
		held += stats.held_bytes;
		bad_frees += stats.bad_frees;
	}
	pr_info("unloaded: live %zu held %zu bad_frees %llu\n", live, held, bad_frees);
	ends_destroy();
}

module_init(vnic_init);
module_exit(vnic_exit);

MODULE_DESCRIPTION("Sample of dualtree: an Ethernet pair that receives without copying");
MODULE_LICENSE("GPL");
