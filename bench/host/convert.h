/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes a trace file of a driver's record.
 */
#ifndef DUALTREE_BENCH_HOST_CONVERT_H
#define DUALTREE_BENCH_HOST_CONVERT_H

int convert(const char *path, bool late);

#endif /* DUALTREE_BENCH_HOST_CONVERT_H */
