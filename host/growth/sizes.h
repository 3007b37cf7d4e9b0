/* SPDX-License-Identifier: GPL-2.0 */
/* A larger machine than the other tests have: included before kernel.h. */
#ifndef DUALTREE_HOST_GROWTH_SIZES_H
#define DUALTREE_HOST_GROWTH_SIZES_H

#define HOST_CPUS		64
/* 1 GiB: a page for each of 100,000 instances, and whole arenas for 64 CPUs. */
#define HOST_PAGES		0x40000UL
/* Slots of 100,000 instances. */
#define HOST_PERCPU_BYTES	0x400000

#endif /* DUALTREE_HOST_GROWTH_SIZES_H */
