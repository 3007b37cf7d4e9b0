/* SPDX-License-Identifier: GPL-2.0 */
/*
 * 6.17 renamed the system's workqueues and added WQ_PERCPU. 7.x warns of work that is queued by
 * an old name, and of a workqueue with neither WQ_PERCPU nor WQ_UNBOUND.
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
