// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: dualtree/NAME/stats and dualtree/NAME/map.
 *
 * The files of an instance are made when it takes its first region, so that one that is
 * never used costs no dentries. Reading stops nobody: counts are read as they stand, and
 * each heap is drawn by its owner, one region in a section.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../buddy/pool.h"
#include "dualtree.h"
#include "front.h"
#include "visit.h"

#define MAP_CELLS	64U

static struct dentry *debugfs_root;

static int stats_show(struct seq_file *m, void *unused)
{
	struct dualtree_stats s;

	instance_stats(m->private, &s);
	seq_printf(m, "allocs %llu\n", s.allocs);
	seq_printf(m, "frees %llu\n", s.frees);
	seq_printf(m, "remote_frees %llu\n", s.remote_frees);
	seq_printf(m, "nested_allocs %llu\n", s.nested_allocs);
	seq_printf(m, "failed_allocs %llu\n", s.failed_allocs);
	seq_printf(m, "bad_frees %llu\n", s.bad_frees);
	seq_printf(m, "region_gets %llu\n", s.region_gets);
	seq_printf(m, "region_puts %llu\n", s.region_puts);
	seq_printf(m, "live_bytes %zu\n", s.live_bytes);
	seq_printf(m, "held_bytes %zu\n", s.held_bytes);
	seq_printf(m, "free_bytes %zu\n", s.free_bytes);
	seq_printf(m, "largest_free %zu\n", s.largest_free);
	seq_printf(m, "extents %lu\n", s.extents);
	seq_printf(m, "regions %u\n", s.regions);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* What a cell of the map shows of its granules: all live, none, or in between. */
static char map_cell(const struct region *region, unsigned int first, unsigned int nr)
{
	unsigned int i, bytes = 0;

	for (i = first; i < first + nr; i++)
		bytes += READ_ONCE(region->ledger[i]);
	if (!bytes)
		return '.';
	return bytes == nr << DT_GRANULE_SHIFT ? '#' : '+';
}

static void map_region(struct seq_file *m, int cpu, const struct region *region)
{
	unsigned int i, per_cell = region->nr / min(region->nr, MAP_CELLS);
	char where[12];

	if (cpu < 0)
		strcpy(where, "shared");
	else
		snprintf(where, sizeof(where), "cpu %d", cpu);
	seq_printf(m, "%-7s %p %5zu KiB |", where, region->base, region_bytes(region) >> 10);
	for (i = 0; i < region->nr; i += per_cell)
		seq_putc(m, map_cell(region, i, per_cell));
	seq_puts(m, "|\n");
}

/**
 * struct map_walk - a walk over the regions of all heaps
 * @m: where to
 * @behind: where the region that was drawn last begins; NULL at the start of a heap
 */
struct map_walk {
	struct seq_file *m;
	const void *behind;
};

static bool map_heap(struct heap *heap, int cpu, void *arg)
{
	struct map_walk *walk = arg;
	const struct region *region = heap_region_above(heap, walk->behind);

	walk->behind = NULL;
	if (!region)
		return false;
	map_region(walk->m, cpu, region);
	walk->behind = region->base;
	return true;
}

static int map_show(struct seq_file *m, void *unused)
{
	struct map_walk walk = { .m = m };

	seq_puts(m, "# live   + partly live   . free\n");
	visit_heaps(m->private, map_heap, &walk);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(map);

void dualtree_debugfs_add(struct dualtree *dt)
{
	char *name = debugfs_free_name(dt->name, debugfs_root);

	if (!name)
		return;
	dt->dir = debugfs_create_dir(name, debugfs_root);
	kfree(name);
	debugfs_create_file("stats", 0400, dt->dir, dt, &stats_fops);
	debugfs_create_file("map", 0400, dt->dir, dt, &map_fops);
}

void dualtree_debugfs_remove(struct dualtree *dt)
{
	debugfs_remove(dt->dir);
}

void dualtree_debugfs_init(void)
{
	debugfs_root = debugfs_create_dir("dualtree", NULL);
	buddy_debugfs_init(debugfs_root);
}

void dualtree_debugfs_exit(void)
{
	debugfs_remove(debugfs_root);
}
