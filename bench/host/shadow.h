/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of each byte of a driver's memory while its record is read.
 */
#ifndef DUALTREE_BENCH_HOST_SHADOW_H
#define DUALTREE_BENCH_HOST_SHADOW_H

/* Owners that are no objects. */
#define OWNER_UNKNOWN	0u	/* no allocation of it has been seen */
#define OWNER_NONE	1u	/* it is free */
#define FIRST_OWNER	2u

/**
 * struct shadow - a byte
 * @owner: an object's number and FIRST_OWNER, or one of those above
 * @owed: frees that must still come, since the byte has been allocated anew already
 * @excused: frees that may still come, since its region has been given back with it
 */
struct shadow {
	u32 owner;
	u8 owed;
	u8 excused;
};

struct shadow *shadow_of(u64 address);
u64 shadow_owed(void);

#endif /* DUALTREE_BENCH_HOST_SHADOW_H */
