/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The debugfs files of an instance: see debugfs.c.
 */
#ifndef DUALTREE_DEBUGFS_H
#define DUALTREE_DEBUGFS_H

#include <linux/types.h>

struct dualtree;
struct seq_file;

void dt_debugfs_init(void);
void dt_debugfs_exit(void);
void dt_debugfs_add(struct dualtree *dt);
void dt_debugfs_remove(struct dualtree *dt);
void dt_debugfs_set_dirs(bool dirs);
void dt_debugfs_list(struct seq_file *m);
void dt_debugfs_heaps(struct seq_file *m, struct dualtree *dt);

#endif /* DUALTREE_DEBUGFS_H */
