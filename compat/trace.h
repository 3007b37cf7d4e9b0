/* SPDX-License-Identifier: GPL-2.0 */
/* 6.10 removed the source from __assign_str(); __string() has it. */
#ifndef DUALTREE_COMPAT_TRACE_H
#define DUALTREE_COMPAT_TRACE_H

#if DT_HAVE_ASSIGN_STR_SOURCE
#define dt_assign_str(field, source)	__assign_str(field, source)
#else
#define dt_assign_str(field, source)	__assign_str(field)
#endif

#endif /* DUALTREE_COMPAT_TRACE_H */
