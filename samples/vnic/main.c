// SPDX-License-Identifier: GPL-2.0
/*
 * vnic: a pair of Ethernet devices that receive into dualtree memory, as a network driver does.
 *
 * A frame that is sent on vnic0 arrives on vnic1, and the other way round. Each end posts buffers
 * ahead. What becomes of a frame, and of the buffer that it arrived in:
 *
 *	MTU of the end			up to 1500		above
 *	room for a frame		1,536 bytes		16 KiB
 *	mode=zerocopy			the buffer itself is	the payload is in page fragments,
 *					the packet		the headers are copied; the rest
 *								is free at the next reap
 *	a small frame; mode=copy;	copied, and the buffer	the same
 *	or packets hold cap_kib		is posted again
 *
 * With split=1 the payload of a frame arrives in slots of whole pages, its headers apart, and
 * readers can map the pages.
 *
 * Memory in place is free again when no packet refers to its pages. Unloading waits for no packet:
 * pages that sockets still hold leave the instances. It logs one line of counts.
 *
 * This file has parameters, creation and destruction: process context. netdev.c and rx.c have
 * the data path and its rules. Counts are in debugfs, vnic/NAME/stats.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/etherdevice.h>
#include <linux/jiffies.h>
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

/* Jiffies between two looks at how much memory is in use. */
#define SAMPLE_PERIOD	(HZ / 20 ?: 1)

/* Jiffies that inject=wait waits at most: longer than scripts/vnic has patience for. */
#define INJECT_WAIT	(20 * HZ)

static char *mode = "zerocopy";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "How packets get what was received: zerocopy or copy");

static unsigned int ring_size = 256;
module_param(ring_size, uint, 0444);
MODULE_PARM_DESC(ring_size, "Buffers that each end posts; a power of two, 16 to 4096");

static unsigned int cap_kib = 8192;
module_param(cap_kib, uint, 0444);
MODULE_PARM_DESC(cap_kib, "KiB that packets may hold of each end; beyond it: copied");

static unsigned int limit_mib;
module_param(limit_mib, uint, 0444);
MODULE_PARM_DESC(limit_mib, "MiB that each end may take; 0: no limit");

static bool rx_csum = true;
module_param(rx_csum, bool, 0444);
MODULE_PARM_DESC(rx_csum, "Checksums count as verified; else the stack verifies them");

static bool split;
module_param(split, bool, 0444);
MODULE_PARM_DESC(split, "Headers arrive apart, payload in whole pages");

/* A fault to inject. scripts/vnic --self-check requires that each one is reported. */
static char *inject = "";
module_param(inject, charp, 0444);
MODULE_PARM_DESC(inject, "Do one thing wrong: corrupt, or at unload leak, double_free or wait");

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

static void end_sample(struct work_struct *work)
{
	struct end *end = container_of(to_delayed_work(work), struct end, sampling);

	sample_peaks(&end->counts, end->dt, end->rx);
	schedule_delayed_work(&end->sampling, SAMPLE_PERIOD);
}

static int end_create_memory(struct end *end, const char *name)
{
	struct dualtree_rx_params rx_params = {
		.limit = strcmp(mode, "copy") ? (size_t)cap_kib << 10 : 0,
		.napi = &end->napi,
		.split = end->split,
	};
	struct dualtree_params params = {
		.limit = (size_t)limit_mib << 20,
		.flags = DUALTREE_REPORT_LEAKS,
	};
	int err;

	end->dt = dualtree_create(name, &params);
	if (IS_ERR(end->dt))
		return PTR_ERR(end->dt);
	end->rx = dualtree_rx_create(end->dt, &rx_params);
	if (IS_ERR(end->rx)) {
		err = PTR_ERR(end->rx);
		goto destroy;
	}
	err = ring_init(&end->ring, end->rx, ring_size);
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
	end->split = split;
	end->inject_corrupt = !strcmp(inject, "corrupt");
	INIT_DELAYED_WORK(&end->sampling, end_sample);
	vnic_setup(dev, rx_csum);
	netif_napi_add(dev, &end->napi, vnic_poll);
	err = end_create_memory(end, dev->name);
	if (err) {
		free_netdev(dev);
		return ERR_PTR(err);
	}
	return end;
}

/* At unload: leak an allocation, free one twice, or wait for packets, but not for ever. */
static void inject_fault(struct end *end)
{
	const unsigned long until = jiffies + INJECT_WAIT;
	struct dualtree_rx_stats stats = { .pinned_ranges = 1 };
	const size_t len = 1500;
	void *data;

	if (!*inject || !strcmp(inject, "corrupt"))
		return;
	pr_info("doing one thing wrong, as asked: %s\n", inject);
	if (!strcmp(inject, "wait")) {
		for (; stats.pinned_ranges && time_before(jiffies, until); msleep(20)) {
			dualtree_rx_reap(end->rx, UINT_MAX);
			dualtree_rx_get_stats(end->rx, &stats);
		}
		return;
	}
	data = dualtree_alloc(end->dt, len, GFP_KERNEL);
	if (!data || !strcmp(inject, "leak"))
		return;
	dualtree_free(end->dt, data, len);
	dualtree_free(end->dt, data, len);
}

static void end_destroy(struct end *end)
{
	ring_free(&end->ring);
	dualtree_rx_destroy(end->rx);
	dualtree_destroy(end->dt);
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
	static const char * const wrong[] = { "", "corrupt", "leak", "double_free", "wait" };

	if (strcmp(mode, "zerocopy") && strcmp(mode, "copy")) {
		pr_err("mode must be zerocopy or copy\n");
		return -EINVAL;
	}
	if (!is_power_of_2(ring_size) || ring_size < 16 || ring_size > 4096) {
		pr_err("ring_size must be a power of two, 16 to 4096\n");
		return -EINVAL;
	}
	if (match_string(wrong, ARRAY_SIZE(wrong), inject) < 0) {
		pr_err("inject must be corrupt, leak, double_free or wait\n");
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
		schedule_delayed_work(&ends[i]->sampling, SAMPLE_PERIOD);
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

/* Get the counts of a moment: what packets release is reaped meanwhile. */
static void get_stats(struct end *end, struct dualtree_stats *stats,
		      struct dualtree_rx_stats *rx_stats)
{
	size_t pinned;

	do {
		dualtree_rx_get_stats(end->rx, rx_stats);
		pinned = rx_stats->pinned_bytes;
		dualtree_get_stats(end->dt, stats);
		dualtree_rx_get_stats(end->rx, rx_stats);
	} while (rx_stats->pinned_bytes != pinned);
}

/* What is live and no packet holds is a leak. */
static void log_counts(void)
{
	struct dualtree_rx_stats rx_stats;
	struct dualtree_stats stats;
	size_t live = 0, pinned = 0;
	u64 bad_frees = 0;
	unsigned int i;

	for (i = 0; i < NR_ENDS; i++) {
		get_stats(ends[i], &stats, &rx_stats);
		live += stats.live_bytes - rx_stats.pinned_bytes;
		pinned += rx_stats.pinned_bytes;
		bad_frees += stats.bad_frees;
	}
	pr_info("unloaded: live %zu pinned %zu bad_frees %llu\n", live, pinned, bad_frees);
}

static void __exit vnic_exit(void)
{
	unsigned int i;

	ends_unregister();
	debugfs_remove(debugfs_dir);
	for (i = 0; i < NR_ENDS; i++)
		cancel_delayed_work_sync(&ends[i]->sampling);
	inject_fault(ends[1]);
	log_counts();
	ends_destroy();
}

module_init(vnic_init);
module_exit(vnic_exit);

MODULE_DESCRIPTION("Sample of dualtree: an Ethernet pair that receives without copying");
MODULE_LICENSE("GPL");
