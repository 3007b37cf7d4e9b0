// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: dualtree/NAME/stats, dualtree/NAME/extents and dualtree/NAME/map.
 *
 *	stats		the counts, read while their owners change them
 *	extents		a line for each extent, written by the heap's owner
 *	map		a line for each region, written by the heap's owner
 *
 * The files of an instance are made after it has got its first region, so that one that is never
 * used costs no dentries.
 *
 * Context: process context. Reading a heap takes a section on its CPU for each region or for
 * EXTENTS_MAX extents; see walk.c for the locks. No other lock is held with name_lock.
 */
#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../buddy/debugfs.h"
#include "debugfs.h"
#include "instance.h"
#include "ledger.h"
#include "walk.h"

/* Max cells of a region in the map: one for each granule of a region of one 4 KiB page. */
#define MAP_CELLS_MAX	64U

static struct dentry *debugfs_root;

static int stats_show(struct seq_file *m, void *unused)
{
	struct dualtree_stats s;

	dualtree_get_stats(m->private, &s);
	seq_printf(m, "allocs %llu\n", s.allocs);
	seq_printf(m, "frees %llu\n", s.frees);
	seq_printf(m, "remote_frees %llu\n", s.remote_frees);
	seq_printf(m, "nested_allocs %llu\n", s.nested_allocs);
	seq_printf(m, "failed_allocs %llu\n", s.failed_allocs);
	seq_printf(m, "bad_frees %llu\n", s.bad_frees);
	seq_printf(m, "damaged %llu\n", s.damaged);
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

/* "cpu 3", or "shared" for the shared heap. */
static void show_owner(struct seq_file *m, int cpu)
{
	if (cpu < 0)
		seq_puts(m, "shared ");
	else
		seq_printf(m, "cpu %-3d", cpu);
}

/* The character of a cell: all of its granules' bytes are live, none, or some. */
static char map_cell(const struct dt_region *region, unsigned int first, unsigned int nr)
{
	unsigned int i, bytes = 0;

	for (i = first; i < first + nr; i++)
		bytes += ledger_live(READ_ONCE(region->ledger[i]));
	if (!bytes)
		return '.';
	return bytes == nr << DT_GRANULE_SHIFT ? '#' : '+';
}

static void map_region(struct seq_file *m, int cpu, const struct dt_region *region)
{
	unsigned int i, per_cell = region->nr / min(region->nr, MAP_CELLS_MAX);

	show_owner(m, cpu);
	seq_printf(m, " %p %5zu KiB |", region->base, region->bytes >> 10);
	for (i = 0; i < region->nr; i += per_cell)
		seq_putc(m, map_cell(region, i, per_cell));
	seq_puts(m, "|\n");
}

/**
 * struct map_walk - a walk over the regions of all heaps
 * @m: output file
 * @after: base of the region that was drawn last, or NULL at the start of a heap
 */
struct map_walk {
	struct seq_file *m;
	const void *after;
};

static bool map_heap(struct dt_heap *heap, int cpu, void *arg)
{
	struct map_walk *walk = arg;
	const struct dt_region *region = dt_heap_region_above(heap, walk->after);

	walk->after = NULL;
	if (!region)
		return false;
	map_region(walk->m, cpu, region);
	walk->after = region->base;
	return true;
}

static int map_show(struct seq_file *m, void *unused)
{
	struct map_walk walk = { .m = m };

	seq_puts(m, "# live   + partly live   . free\n");
	dt_walk_heaps(m->private, map_heap, &walk);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(map);

/* Max extents that are listed in one section: bounds it to so many printed lines. */
#define EXTENTS_MAX	32

/**
 * struct extents_walk - a walk over the extents of all heaps
 * @m: output file
 * @after: base of the region that was listed last, or NULL at the start of a heap
 * @from: granule of the region after @after where its list continues
 */
struct extents_walk {
	struct seq_file *m;
	const void *after;
	unsigned int from;
};

/* List up to EXTENTS_MAX extents of a region. Return: true if it has more. */
static bool list_region(struct extents_walk *walk, int cpu, const struct dt_region *region)
{
	unsigned int i, nr, last = extent_next(&region->free, walk->from);

	for (i = 0; last != EXTENT_NONE && i < EXTENTS_MAX; i++) {
		nr = extent_nr_to(&region->free, last);
		show_owner(walk->m, cpu);
		seq_printf(walk->m, " %p %8zu region %p\n", region_addr(region, last + 1 - nr),
			   (size_t)nr << DT_GRANULE_SHIFT, region->base);
		walk->from = last + 1;
		last = extent_next(&region->free, walk->from);
	}
	return last != EXTENT_NONE;
}

static bool extents_heap(struct dt_heap *heap, int cpu, void *arg)
{
	struct extents_walk *walk = arg;
	const struct dt_region *region = dt_heap_region_above(heap, walk->after);

	if (!region) {
		walk->after = NULL;
		return false;
	}
	if (!list_region(walk, cpu, region)) {
		walk->after = region->base;
		walk->from = 0;
	}
	return true;
}

static int extents_show(struct seq_file *m, void *unused)
{
	struct extents_walk walk = { .m = m };

	seq_puts(m, "# owner start bytes region, in the trees only\n");
	dt_walk_heaps(m->private, extents_heap, &walk);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(extents);

/* Held from the choice of a name to its use: two instances must not choose the same one. */
static DEFINE_MUTEX(name_lock);

static struct dentry *create_dir(const char *name)
{
	struct dentry *dir = NULL;
	char *free_name;

	mutex_lock(&name_lock);
	free_name = buddy_debugfs_free_name(name, debugfs_root);
	if (free_name)
		dir = debugfs_create_dir(free_name, debugfs_root);
	mutex_unlock(&name_lock);
	kfree(free_name);
	return dir;
}

void dt_debugfs_add(struct dualtree *dt)
{
	dt->dir = create_dir(dt->name);
	if (!dt->dir)
		return;
	debugfs_create_file("stats", 0400, dt->dir, dt, &stats_fops);
	debugfs_create_file("extents", 0400, dt->dir, dt, &extents_fops);
	debugfs_create_file("map", 0400, dt->dir, dt, &map_fops);
}

void dt_debugfs_remove(struct dualtree *dt)
{
	debugfs_remove(dt->dir);
}

void dt_debugfs_init(void)
{
	debugfs_root = debugfs_create_dir("dualtree", NULL);
	buddy_debugfs_init(debugfs_root);
}

void dt_debugfs_exit(void)
{
	debugfs_remove(debugfs_root);
}
