/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The system's workqueues: 6.17 gave them new names, and 7.x complains when work is put on one
 * by its old name.
 */
#ifndef DUALTREE_COMPAT_WORKQUEUE_H
#define DUALTREE_COMPAT_WORKQUEUE_H

#include <linux/workqueue.h>

#if !DT_HAVE_SYSTEM_PERCPU_WQ
#define system_percpu_wq	system_wq
#define system_dfl_wq		system_unbound_wq
#endif

#endif /* DUALTREE_COMPAT_WORKQUEUE_H */
