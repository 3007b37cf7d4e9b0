/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events of the pool, under events/dualtree_pool in tracefs:
 *
 *	buddy_arena_get		an arena was taken from the kernel
 *	buddy_arena_put		an arena is returned to it
 *	buddy_part_put		free pages of an arena in use are returned to it
 *	buddy_block_get		a block was handed out
 *	buddy_block_put		a block, or pages of one, were freed
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dualtree_pool

#if !defined(DUALTREE_BUDDY_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define DUALTREE_BUDDY_TRACE_H

#include <linux/tracepoint.h>
#include "../compat/trace.h"

DECLARE_EVENT_CLASS(buddy_pages,
	TP_PROTO(const char *pool, const void *first, unsigned long nr_pages),
	TP_ARGS(pool, first, nr_pages),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(const void *, first)
		__field(unsigned long, nr_pages)
	),
	TP_fast_assign(
		dt_assign_str(pool, pool);
		__entry->first = first;
		__entry->nr_pages = nr_pages;
	),
	TP_printk("pool=%s first=%p nr_pages=%lu",
		  __get_str(pool), __entry->first, __entry->nr_pages)
);

DEFINE_EVENT(buddy_pages, buddy_arena_get,
	TP_PROTO(const char *pool, const void *first, unsigned long nr_pages),
	TP_ARGS(pool, first, nr_pages)
);

DEFINE_EVENT(buddy_pages, buddy_arena_put,
	TP_PROTO(const char *pool, const void *first, unsigned long nr_pages),
	TP_ARGS(pool, first, nr_pages)
);

DEFINE_EVENT(buddy_pages, buddy_part_put,
	TP_PROTO(const char *pool, const void *first, unsigned long nr_pages),
	TP_ARGS(pool, first, nr_pages)
);

DEFINE_EVENT(buddy_pages, buddy_block_get,
	TP_PROTO(const char *pool, const void *first, unsigned long nr_pages),
	TP_ARGS(pool, first, nr_pages)
);

DEFINE_EVENT(buddy_pages, buddy_block_put,
	TP_PROTO(const char *pool, const void *first, unsigned long nr_pages),
	TP_ARGS(pool, first, nr_pages)
);

#endif /* DUALTREE_BUDDY_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH buddy
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
