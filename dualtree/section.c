// SPDX-License-Identifier: GPL-2.0
/*
 * Sections: what stands in cpu_slot.ready where no heap can be entered.
 */
#include "../compat/compat.h"
#include "section.h"

struct heap dt_not_ready[2] = { { .hot.nr = HOT_OFF }, { .hot.nr = HOT_OFF } };
EXPORT_SYMBOL_FOR_DT_TEST(dt_not_ready);
