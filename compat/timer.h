/* SPDX-License-Identifier: GPL-2.0 */
/* Timers: 6.2, and 6.1 since then, call it so; 7.x knows no other name. */
#ifndef DUALTREE_COMPAT_TIMER_H
#define DUALTREE_COMPAT_TIMER_H

#include <linux/timer.h>

#if !DT_HAVE_TIMER_DELETE_SYNC
#define timer_delete_sync	del_timer_sync
#endif

#endif /* DUALTREE_COMPAT_TIMER_H */
