/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the kernels that dualtree builds for, and the export of internal symbols to
 * the suites. What one subject needs alone is in a header of its own here: kasan.h, shrinker.h ...
 *
 * The rest of the code is written against the newest names; what an older kernel
 * lacks is supplied here. DT_HAVE_X says what a kernel has: probe.sh looks it up in its
 * headers, and defines each as 0 or 1.
 */
#ifndef DUALTREE_COMPAT_H
#define DUALTREE_COMPAT_H

#include <linux/export.h>
#include <linux/kconfig.h>
#include <linux/log2.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/stringify.h>

/* 6.4 made MAX_ORDER inclusive and 6.8 renamed it; the number of pages means the same in all. */
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
 * Internals that the KUnit suites look at are exported to them alone: only where they are
 * built, and in a namespace that no driver imports by accident.
 */
#if IS_ENABLED(CONFIG_DUALTREE_KUNIT_TEST)
#define EXPORT_SYMBOL_FOR_DT_TEST(sym) EXPORT_SYMBOL_NS_GPL(sym, DT_NS(DUALTREE_INTERNAL))
#else
#define EXPORT_SYMBOL_FOR_DT_TEST(sym)
#endif
#define DT_IMPORT_INTERNALS MODULE_IMPORT_NS(DT_NS(DUALTREE_INTERNAL))

#endif /* DUALTREE_COMPAT_H */
