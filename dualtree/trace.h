/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events of instances: allocations, frees, refused frees, regions got and put. Under
 * events/dualtree in tracefs. They have every address with its size, so a driver's use of memory
 * can be replayed. Any context.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dualtree

#ifndef DUALTREE_TRACE_KINDS_H
#define DUALTREE_TRACE_KINDS_H

/**
 * enum dt_free_kind - result of a free
 * @FREE_PART: no granule came free
 * @FREE_LOCAL: granules came free and were inserted into this CPU's heap
 * @FREE_REMOTE: granules came free and were pushed to a remote list
 */
enum dt_free_kind { FREE_PART, FREE_LOCAL, FREE_REMOTE };

#endif /* DUALTREE_TRACE_KINDS_H */

#if !defined(DUALTREE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define DUALTREE_TRACE_H

#include <linux/tracepoint.h>
#include "../compat/trace.h"

TRACE_DEFINE_ENUM(FREE_PART);
TRACE_DEFINE_ENUM(FREE_LOCAL);
TRACE_DEFINE_ENUM(FREE_REMOTE);

TRACE_EVENT(dualtree_alloc,
	TP_PROTO(const char *name, const void *ptr, size_t size),
	TP_ARGS(name, ptr, size),
	TP_STRUCT__entry(
		__string(name, name)
		__field(const void *, ptr)
		__field(size_t, size)
	),
	TP_fast_assign(
		dt_assign_str(name, name);
		__entry->ptr = ptr;
		__entry->size = size;
	),
	TP_printk("name=%s ptr=%p size=%zu", __get_str(name), __entry->ptr, __entry->size)
);

TRACE_EVENT(dualtree_free,
	TP_PROTO(const char *name, const void *ptr, size_t len, enum dt_free_kind kind),
	TP_ARGS(name, ptr, len, kind),
	TP_STRUCT__entry(
		__string(name, name)
		__field(const void *, ptr)
		__field(size_t, len)
		__field(int, kind)
	),
	TP_fast_assign(
		dt_assign_str(name, name);
		__entry->ptr = ptr;
		__entry->len = len;
		__entry->kind = kind;
	),
	TP_printk("name=%s ptr=%p len=%zu kind=%s", __get_str(name), __entry->ptr, __entry->len,
		  __print_symbolic(__entry->kind, { FREE_PART, "part" }, { FREE_LOCAL, "local" },
				   { FREE_REMOTE, "remote" }))
);

TRACE_EVENT(dualtree_bad_free,
	TP_PROTO(const char *name, const void *ptr, size_t len, int err),
	TP_ARGS(name, ptr, len, err),
	TP_STRUCT__entry(
		__string(name, name)
		__field(const void *, ptr)
		__field(size_t, len)
		__field(int, err)
	),
	TP_fast_assign(
		dt_assign_str(name, name);
		__entry->ptr = ptr;
		__entry->len = len;
		__entry->err = err;
	),
	TP_printk("name=%s ptr=%p len=%zu err=%d", __get_str(name), __entry->ptr, __entry->len,
		  __entry->err)
);

DECLARE_EVENT_CLASS(dualtree_region,
	TP_PROTO(const char *name, const void *base, size_t bytes),
	TP_ARGS(name, base, bytes),
	TP_STRUCT__entry(
		__string(name, name)
		__field(const void *, base)
		__field(size_t, bytes)
	),
	TP_fast_assign(
		dt_assign_str(name, name);
		__entry->base = base;
		__entry->bytes = bytes;
	),
	TP_printk("name=%s base=%p bytes=%zu", __get_str(name), __entry->base, __entry->bytes)
);

DEFINE_EVENT(dualtree_region, dualtree_region_get,
	TP_PROTO(const char *name, const void *base, size_t bytes),
	TP_ARGS(name, base, bytes)
);

DEFINE_EVENT(dualtree_region, dualtree_region_put,
	TP_PROTO(const char *name, const void *base, size_t bytes),
	TP_ARGS(name, base, bytes)
);

#endif /* DUALTREE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH dualtree
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
