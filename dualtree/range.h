/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ranges that callers pass: see range.c.
 */
#ifndef DUALTREE_RANGE_H
#define DUALTREE_RANGE_H

#include <linux/types.h>

struct dualtree;
struct dt_region;

struct dt_region *dt_region_of_range(const struct dualtree *dt, const void *ptr, size_t len);
int dt_range_status(const struct dualtree *dt, const void *ptr, size_t len);
int dt_report_bad_free(struct dualtree *dt, const void *ptr, size_t len, int err,
		       unsigned long caller);

#endif /* DUALTREE_RANGE_H */
