/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system's workqueues: 6.17 gave them new names, and 7.x complains when work is put on one
 * by its old name.
 */
#ifndef DUALTREE_COMPAT_WORKQUEUE_H
#define DUALTREE_COMPAT_WORKQUEUE_H

#include <linux/version.h>
#include <linux/workqueue.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_percpu_wq	system_wq
#define system_dfl_wq		system_unbound_wq
#endif

#endif /* DUALTREE_COMPAT_WORKQUEUE_H */
