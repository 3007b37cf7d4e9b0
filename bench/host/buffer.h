/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Buffers without memory; see buffer.c.
 */
#ifndef DUALTREE_BENCH_HOST_BUFFER_H
#define DUALTREE_BENCH_HOST_BUFFER_H

extern FILE *buffer_out;
extern u64 buffer_ops;

#endif /* DUALTREE_BENCH_HOST_BUFFER_H */
