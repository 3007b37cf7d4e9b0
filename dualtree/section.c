// SPDX-License-Identifier: GPL-2.0
/*
 * Sections: what stands in cpu_slot.active where no heap can be entered.
 */
#include "../compat/compat.h"
#include "section.h"

struct dt_heap dt_null_heaps[2] = { { .hot.nr = HOT_OFF }, { .hot.nr = HOT_OFF } };
EXPORT_SYMBOL_FOR_DT_TEST(dt_null_heaps);
