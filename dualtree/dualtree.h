/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files above the front share: debugfs of an instance.
 */
#ifndef DUALTREE_INTERNAL_H
#define DUALTREE_INTERNAL_H

#include <linux/types.h>

struct dualtree;

void dualtree_debugfs_init(void);
void dualtree_debugfs_exit(void);
void dualtree_debugfs_add(struct dualtree *dt);
void dualtree_debugfs_remove(struct dualtree *dt);

#endif /* DUALTREE_INTERNAL_H */
