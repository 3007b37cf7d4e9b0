/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The debugfs files of pools: see debugfs.c.
 */
#ifndef DUALTREE_BUDDY_DEBUGFS_H
#define DUALTREE_BUDDY_DEBUGFS_H

#include <linux/types.h>

struct buddy_pool;
struct dentry;

void buddy_debugfs_init(struct dentry *parent);
void buddy_debugfs_add(struct buddy_pool *pool);
char *buddy_debugfs_free_name(const char *name, struct dentry *parent);

#endif /* DUALTREE_BUDDY_DEBUGFS_H */
