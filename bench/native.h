/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rows of dualtree_native: those of one name stand together, and take turns.
 */
#ifndef DUALTREE_BENCH_NATIVE_H
#define DUALTREE_BENCH_NATIVE_H

#include "cost.h"

extern const struct cost_set native_rows;

#endif /* DUALTREE_BENCH_NATIVE_H */
