/* SPDX-License-Identifier: GPL-2.0 */
/* timer_delete_sync(): the name since 6.2 and in 6.1.x; 7.x has no del_timer_sync(). */
#ifndef DUALTREE_COMPAT_TIMER_H
#define DUALTREE_COMPAT_TIMER_H

#include <linux/timer.h>

#if !DT_HAVE_TIMER_DELETE_SYNC
#define timer_delete_sync	del_timer_sync
#endif

#endif /* DUALTREE_COMPAT_TIMER_H */
