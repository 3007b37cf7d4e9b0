// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: the list dualtree/instances, and with the parameter instance_dirs a directory
 * dualtree/NAME for each instance.
 *
 *	instances	a line for each instance, those that hold most first: what it holds, in
 *			bytes, and how often it refused a free and found damage. tools/dualtree-top
 *			reads it
 *	NAME/stats	the counts, read while their owners change them
 *	NAME/heaps	the same of each CPU's heap
 *	NAME/extents	a line for each extent, written by the heap's owner
 *	NAME/map	a line for each region, written by the heap's owner
 *
 * An instance may be one of thousands, each of a socket: a directory costs more than many of these
 * hold, so there is none unless it is asked for.
 *
 * Context: process context. Reading a heap takes a section on its CPU for each region or for
 * EXTENTS_MAX extents; see walk.c for the locks. Locks: that of pass.c's instances, then name_lock.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include "../buddy/debugfs.h"
#include "../compat/compat.h"
#include "cache.h"
#include "debugfs.h"
#include "instance.h"
#include "ledger.h"
#include "pass.h"
#include "remote.h"
#include "section.h"
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
	seq_printf(m, "record_bytes %zu\n", s.record_bytes);
	seq_printf(m, "free_bytes %zu\n", s.free_bytes);
	seq_printf(m, "in_flight_bytes %zu\n", s.in_flight_bytes);
	seq_printf(m, "spare_bytes %zu\n", s.spare_bytes);
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

/* The line of a heap; "remote" are its CPU's frees of memory of others. */
static void show_heap(struct seq_file *m, const struct dt_heap *heap, int cpu)
{
	unsigned long cached = dt_cache_granules(heap), free = READ_ONCE(heap->nr_free);

	show_owner(m, cpu);
	rcu_read_lock();
	seq_printf(m, " %10zu %10lu %10lu %10zu %7u", READ_ONCE(heap->held_bytes),
		   free << DT_GRANULE_SHIFT, cached << DT_GRANULE_SHIFT, heap_spare_bytes(heap),
		   READ_ONCE(heap->nr_regions));
	rcu_read_unlock();
	seq_printf(m, " %10lld %10lld %10lld%s\n", (s64)local64_read(&heap->counts.allocs),
		   (s64)local64_read(&heap->counts.frees),
		   (s64)local64_read(&heap->counts.remote_frees),
		   heap_has_remote(heap) ? " waiting" : "");
}

/* What each heap has. "waiting": others have freed memory of it that it has not taken yet. */
static int heaps_show(struct seq_file *m, void *unused)
{
	struct dualtree *dt = m->private;
	const struct dt_heap *heap;
	int cpu;

	seq_puts(m, "# owner  held_bytes   in_trees     cached      spare regions     allocs      frees    remote\n");
	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(dt, cpu);
		if (heap)
			show_heap(m, heap, cpu);
	}
	show_heap(m, &dt->shared, -1);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heaps);

/* Write what a reader of the file heaps gets, for tests. */
void dt_debugfs_heaps(struct seq_file *m, struct dualtree *dt)
{
	m->private = dt;
	heaps_show(m, NULL);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_debugfs_heaps);

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
	unsigned int i, per_cell = DIV_ROUND_UP(region->nr, min(region->nr, MAP_CELLS_MAX));

	show_owner(m, cpu);
	seq_printf(m, " %p %5zu KiB |", region->base, region->bytes >> 10);
	for (i = 0; i < region->nr; i += per_cell)
		seq_putc(m, map_cell(region, i, min(per_cell, region->nr - i)));
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

/* Bytes of a name in the list, with its NUL: longer ones are cut. */
#define LIST_NAME	64

/* A line of the list of instances. */
struct list_line {
	struct dualtree_stats stats;
	char name[LIST_NAME];
};

/**
 * struct instances_list - the lines that a reader of the list gets
 * @max: length of @lines
 * @nr: number of lines
 * @lines: the lines
 */
struct instances_list {
	unsigned int max;
	unsigned int nr;
	struct list_line lines[];
};

static void list_add_instance(struct dualtree *dt, void *arg)
{
	struct instances_list *list = arg;
	struct list_line *line;

	if (list->nr == list->max)
		return;
	line = &list->lines[list->nr++];
	dualtree_get_stats(dt, &line->stats);
	strscpy(line->name, dt->name, sizeof(line->name));
}

static int line_cmp(const void *a, const void *b)
{
	size_t x = ((const struct list_line *)a)->stats.held_bytes;
	size_t y = ((const struct list_line *)b)->stats.held_bytes;

	return x < y ? 1 : -(x > y);
}

static void *list_start(struct seq_file *m, loff_t *pos)
{
	struct instances_list *list = m->private;

	if (!*pos)
		seq_puts(m, "# held live free in_flight spare records regions refused damaged name\n");
	return *pos < list->nr ? &list->lines[*pos] : NULL;
}

static void *list_next(struct seq_file *m, void *line, loff_t *pos)
{
	struct instances_list *list = m->private;

	return ++*pos < list->nr ? &list->lines[*pos] : NULL;
}

static void list_stop(struct seq_file *m, void *line)
{
}

static int list_show(struct seq_file *m, void *line)
{
	const struct list_line *l = line;
	const struct dualtree_stats *s = &l->stats;

	seq_printf(m, "%10zu %10zu %10zu %10zu %10zu %7zu %7u %llu %llu %s\n", s->held_bytes,
		   s->live_bytes, s->free_bytes, s->in_flight_bytes, s->spare_bytes,
		   s->record_bytes, s->regions, s->bad_frees, s->damaged, l->name);
	return 0;
}

static const struct seq_operations list_ops = {
	.start = list_start,
	.next = list_next,
	.stop = list_stop,
	.show = list_show,
};

/* Return: the list of all instances, to be freed with kvfree(), or NULL on OOM. */
static struct instances_list *list_create(void)
{
	unsigned int max = dt_pass_instances();
	struct instances_list *list = kvmalloc(struct_size(list, lines, max), GFP_KERNEL);

	if (!list)
		return NULL;
	list->max = max;
	list->nr = 0;
	dt_pass_each(list_add_instance, list);
	sort(list->lines, list->nr, sizeof(*list->lines), line_cmp, NULL);
	return list;
}

/* The list is made when the file is opened, and read as it was then. */
static int instances_open(struct inode *inode, struct file *file)
{
	struct instances_list *list = list_create();
	int err;

	if (!list)
		return -ENOMEM;
	err = seq_open(file, &list_ops);
	if (err)
		kvfree(list);
	else
		((struct seq_file *)file->private_data)->private = list;
	return err;
}

static int instances_release(struct inode *inode, struct file *file)
{
	kvfree(((struct seq_file *)file->private_data)->private);
	return seq_release(inode, file);
}

/* Write the list as a reader of the file gets it, for tests. Nothing on OOM. */
void dt_debugfs_list(struct seq_file *m)
{
	loff_t pos = 0;
	void *line;

	m->private = list_create();
	if (!m->private)
		return;
	for (line = list_start(m, &pos); line; line = list_next(m, line, &pos))
		list_show(m, line);
	kvfree(m->private);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_debugfs_list);

static const struct file_operations instances_fops = {
	.owner = THIS_MODULE,
	.open = instances_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = instances_release,
};

/*
 * Held from the choice of a name to its use, since two instances must not choose the same one, and
 * while dualtree.dir is set.
 */
static DEFINE_MUTEX(name_lock);

static void add_dir(struct dualtree *dt)
{
	char *free_name = buddy_debugfs_free_name(dt->name, debugfs_root);

	lockdep_assert_held(&name_lock);
	if (!free_name)
		return;
	dt->dir = debugfs_create_dir(free_name, debugfs_root);
	kfree(free_name);
	debugfs_create_file("stats", 0400, dt->dir, dt, &stats_fops);
	debugfs_create_file("heaps", 0400, dt->dir, dt, &heaps_fops);
	debugfs_create_file("extents", 0400, dt->dir, dt, &extents_fops);
	debugfs_create_file("map", 0400, dt->dir, dt, &map_fops);
}

static void add_dir_once(struct dualtree *dt, void *unused)
{
	mutex_lock(&name_lock);
	if (!dt->dir)
		add_dir(dt);
	mutex_unlock(&name_lock);
}

static bool instance_dirs;

/* Add what an instance is to have, after dt_pass_add(). */
void dt_debugfs_add(struct dualtree *dt)
{
	if (READ_ONCE(instance_dirs))
		add_dir_once(dt, NULL);
}

void dt_debugfs_remove(struct dualtree *dt)
{
	debugfs_remove(dt->dir);
}

/*
 * Make directories for instances, those that exist included, or none for new ones: what there is
 * stays. Process context. Before the module is set up there is no instance and no debugfs_root.
 */
void dt_debugfs_set_dirs(bool dirs)
{
	WRITE_ONCE(instance_dirs, dirs);
	if (dirs)
		dt_pass_each(add_dir_once, NULL);
}
EXPORT_SYMBOL_FOR_DT_TEST(dt_debugfs_set_dirs);

static int instance_dirs_write(const char *val, const struct kernel_param *kp)
{
	bool dirs;
	int err = kstrtobool(val, &dirs);

	if (!err)
		dt_debugfs_set_dirs(dirs);
	return err;
}

static const struct kernel_param_ops instance_dirs_ops = {
	.set = instance_dirs_write,
	.get = param_get_bool,
};

module_param_cb(instance_dirs, &instance_dirs_ops, &instance_dirs, 0644);
__MODULE_PARM_TYPE(instance_dirs, "bool");
MODULE_PARM_DESC(instance_dirs, "make a directory in debugfs for each instance; default: no");

void dt_debugfs_init(void)
{
	debugfs_root = debugfs_create_dir("dualtree", NULL);
	debugfs_create_file("instances", 0400, debugfs_root, NULL, &instances_fops);
	buddy_debugfs_init(debugfs_root);
}

void dt_debugfs_exit(void)
{
	debugfs_remove(debugfs_root);
}
