// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: a file dualtree/pools/NAME for each pool. Its first line has the free blocks of each
 * order, as /proc/buddyinfo has them for a zone; the others are parameters and statistics.
 *
 * Process context; may sleep. A read copies the counts under the pool's lock. name_lock makes the
 * search for a name that is not taken and the creation of its file one step.
 */
#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "debugfs.h"
#include "pool.h"

static struct dentry *pools_dir;

static int pool_show(struct seq_file *m, void *unused)
{
	struct buddy_pool *pool = m->private;
	unsigned long nr_free[BUDDY_NR_ORDERS], flags;
	struct buddy_pool_stats stats;
	unsigned int order;

	raw_spin_lock_irqsave(&pool->lock, flags);
	memcpy(nr_free, pool->lists.nr_free, sizeof(nr_free));
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	buddy_pool_get_stats(pool, &stats);

	seq_puts(m, "free blocks by order ");
	for (order = 0; order <= pool->arena_order; order++)
		seq_printf(m, " %6lu", nr_free[order]);
	seq_printf(m, "\nnode %d\n", pool->nid);
	seq_printf(m, "arena_bytes %zu\n", order_bytes(pool->arena_order));
	seq_printf(m, "limit_bytes %zu\n", pool->limit);
	seq_printf(m, "reserve_bytes %zu\n", pool->reserve);
	seq_printf(m, "reserve_order %u\n", pool->reserve_order);
	seq_printf(m, "arenas %u\n", stats.arenas);
	seq_printf(m, "held_bytes %zu\n", stats.held_bytes);
	seq_printf(m, "record_bytes %zu\n", stats.record_bytes);
	seq_printf(m, "free_bytes %zu\n", stats.free_bytes);
	seq_printf(m, "abandoned_bytes %zu\n", stats.abandoned_bytes);
	seq_printf(m, "returned_bytes %zu\n", stats.returned_bytes);
	seq_printf(m, "largest_free %zu\n", stats.largest_free);
	seq_printf(m, "allocs %llu\n", stats.allocs);
	seq_printf(m, "frees %llu\n", stats.frees);
	seq_printf(m, "failed_allocs %llu\n", stats.failed_allocs);
	seq_printf(m, "bad_frees %llu\n", stats.bad_frees);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pool);

/* Characters of a pool's name that its file's name keeps: "!", "." and 10 digits fit as well. */
#define NAME_KEPT_MAX	(NAME_MAX - 12)

/* Return: @name, with its slashes replaced. */
static char *name_replace_slashes(char *name)
{
	strreplace(name, '/', '!');
	return name;
}

static bool name_taken(const char *name, struct dentry *parent)
{
	struct dentry *taken = debugfs_lookup(name, parent);

	dput(taken);
	return taken;
}

/**
 * buddy_debugfs_free_name() - make a file name that is not taken
 * @name: the name of a pool or an instance, which need not be unique
 * @parent: the directory
 *
 * - "/" becomes "!".
 * - "." and ".." become "!." and "!..".
 * - A name that is too long is cut.
 * - A name that is taken in @parent gets "." and a number at its end.
 *
 * Context: Process context. May sleep. The caller holds a mutex until the file is created, so
 * that no other call can find the same name.
 * Return: the name, to be freed with kfree(), or NULL on OOM.
 */
char *buddy_debugfs_free_name(const char *name, struct dentry *parent)
{
	static atomic_t serial = ATOMIC_INIT(0);
	const char *mark = !strcmp(name, ".") || !strcmp(name, "..") ? "!" : "";
	char *unique = kasprintf(GFP_KERNEL, "%s%.*s", mark, NAME_KEPT_MAX, name);

	while (unique && name_taken(name_replace_slashes(unique), parent)) {
		kfree(unique);
		unique = kasprintf(GFP_KERNEL, "%s%.*s.%d", mark, NAME_KEPT_MAX, name,
				   atomic_inc_return(&serial));
	}
	return unique;
}

/* Held from the search for a name until the file is created. */
static DEFINE_MUTEX(name_lock);

void buddy_debugfs_add(struct buddy_pool *pool)
{
	char *name;

	mutex_lock(&name_lock);
	name = buddy_debugfs_free_name(pool->name, pools_dir);
	if (name)
		pool->file = debugfs_create_file(name, 0400, pools_dir, pool, &pool_fops);
	mutex_unlock(&name_lock);
	kfree(name);
}

void buddy_debugfs_init(struct dentry *parent)
{
	pools_dir = debugfs_create_dir("pools", parent);
}
