/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of trace_tool have for each other; what makes traces is in streams.h.
 */
#ifndef DUALTREE_BENCH_HOST_TOOL_H
#define DUALTREE_BENCH_HOST_TOOL_H

/* Where buffers are written to as a trace, or NULL; and how many operations there were. */
extern FILE *buffer_out;
extern u64 buffer_ops;

/*
 * The numbers of a trace's objects: small, and given out again when nothing of an object is live.
 * An object's bytes begin at its start.
 */
u32 number_take(u32 size, u64 start);
u64 number_start(u32 number);
void number_release(u32 number, u32 len);

/* Owners of a byte that are no objects. */
#define OWNER_UNKNOWN	0u	/* no allocation of it has been seen */
#define OWNER_NONE	1u	/* it is free */
#define FIRST_OWNER	2u

/* What is known of a byte of a driver's memory while its record is read. */
struct shadow {
	u32 owner;	/* an object's number and FIRST_OWNER, or one of those above */
	/* Frees that must still come, since the byte has been allocated anew already */
	u8 owed;
	/* Frees that may still come, since its region has been given back with it */
	u8 excused;
};

struct shadow *shadow_of(u64 address);
u64 shadow_owed(void);

int convert(const char *path, bool late);

#endif /* DUALTREE_BENCH_HOST_TOOL_H */
