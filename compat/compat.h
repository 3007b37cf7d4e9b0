/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between kernels that concern many files, and the export of internal symbols to
 * the suites. A difference of one subject has a header of its own here: kasan.h, shrinker.h ...
 *
 * All other code uses the newest kernel's names; compat/ supplies those that an older kernel
 * lacks. To add a difference, add a line to the table in probe.sh: it looks a pattern up in the
 * kernel's headers and defines DT_HAVE_X as 0 or 1. Then choose by DT_HAVE_X in a header here.
 */
#ifndef DUALTREE_COMPAT_H
#define DUALTREE_COMPAT_H

#include <linux/export.h>
#include <linux/kconfig.h>
#include <linux/log2.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/stringify.h>

/* 6.4 made MAX_ORDER inclusive, 6.8 renamed it. MAX_ORDER_NR_PAGES means the same in all. */
#ifndef MAX_PAGE_ORDER
#define MAX_PAGE_ORDER ilog2(MAX_ORDER_NR_PAGES)
#endif

/* A namespace is a bare token up to 6.12 and a string from 6.13 on. */
#if DT_HAVE_NS_STRING
#define DT_NS(ns) __stringify(ns)
#else
#define DT_NS(ns) ns
#endif

/*
 * Exports an internal symbol that KUnit suites call: only if the suites are built, and in a
 * namespace that no driver imports by accident.
 */
#if IS_ENABLED(CONFIG_DUALTREE_KUNIT_TEST)
#define EXPORT_SYMBOL_FOR_DT_TEST(sym) EXPORT_SYMBOL_NS_GPL(sym, DT_NS(DUALTREE_INTERNAL))
#else
#define EXPORT_SYMBOL_FOR_DT_TEST(sym)
#endif
#define DT_IMPORT_INTERNALS MODULE_IMPORT_NS(DT_NS(DUALTREE_INTERNAL))

#endif /* DUALTREE_COMPAT_H */
