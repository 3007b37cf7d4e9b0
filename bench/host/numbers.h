/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The numbers of a trace's objects: small, and given out again when nothing of an object is live.
 */
#ifndef DUALTREE_BENCH_HOST_NUMBERS_H
#define DUALTREE_BENCH_HOST_NUMBERS_H

u32 number_take(u32 size);
void number_release(u32 number, u32 len);

#endif /* DUALTREE_BENCH_HOST_NUMBERS_H */
