// SPDX-License-Identifier: GPL-2.0
/* The workqueue of work that returns memory; see queue.h. Process context; may sleep. */
#include <linux/errno.h>
#include <linux/init.h>
#include "../compat/compat.h"
#include "../compat/workqueue.h"
#include "queue.h"

struct workqueue_struct *buddy_reclaim_queue;
EXPORT_SYMBOL_FOR_DT_TEST(buddy_reclaim_queue);

/* Return: 0 or -ENOMEM. */
int __init buddy_queue_init(void)
{
	buddy_reclaim_queue = alloc_workqueue("dualtree_reclaim", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	return buddy_reclaim_queue ? 0 : -ENOMEM;
}

void buddy_queue_exit(void)
{
	destroy_workqueue(buddy_reclaim_queue);
}
