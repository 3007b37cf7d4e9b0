// SPDX-License-Identifier: GPL-2.0
/* The core's debugfs files are left out: what the rest calls of them does nothing. */
#include "../../buddy/debugfs.h"
#include "../../dualtree/debugfs.h"

void buddy_debugfs_add(struct buddy_pool *pool)
{
}

void dt_debugfs_init(void)
{
}

void dt_debugfs_exit(void)
{
}

void dt_debugfs_add(struct dualtree *dt)
{
}

void dt_debugfs_remove(struct dualtree *dt)
{
}
