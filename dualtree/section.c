// SPDX-License-Identifier: GPL-2.0
/*
 * Sections: the two heaps that dt_cpu_slot.active holds while none can be entered. section.h says
 * how they are used.
 */
#include "../compat/compat.h"
#include "section.h"

struct dt_heap dt_null_heaps[2] = { { .hot.nr = HOT_OFF }, { .hot.nr = HOT_OFF } };
EXPORT_SYMBOL_FOR_DT_TEST(dt_null_heaps);
