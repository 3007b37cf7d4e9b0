/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the cases that count in granules need, so that their numbers hold whether a granule is 64
 * bytes or 128.
 */
#ifndef DUALTREE_KUNIT_GRANULES_H
#define DUALTREE_KUNIT_GRANULES_H

#include "../dualtree/granule.h"

/* Order of the smallest region with 64 granules or more. More are there if pages are large. */
#define ORDER_OF_64	(DT_PAGE_GRANULES < 64 ? DT_GRANULE_SHIFT + 6 - PAGE_SHIFT : 0)

#endif /* DUALTREE_KUNIT_GRANULES_H */
