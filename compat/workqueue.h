/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Workqueues: 6.17 gave those of the system new names, and those of a CPU a flag. 7.x complains
 * when work is put on one by its old name, and of a queue that says neither WQ_PERCPU nor
 * WQ_UNBOUND.
 */
#ifndef DUALTREE_COMPAT_WORKQUEUE_H
#define DUALTREE_COMPAT_WORKQUEUE_H

#include <linux/workqueue.h>

#if !DT_HAVE_SYSTEM_PERCPU_WQ
#define system_percpu_wq	system_wq
#define system_dfl_wq		system_unbound_wq
#define WQ_PERCPU		0
#endif

#endif /* DUALTREE_COMPAT_WORKQUEUE_H */
