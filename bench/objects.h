/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The objects of a trace file: what is live of each allocation.
 *
 * An object is a list of pieces, runs of live bytes, most often one. A free takes bytes out of
 * one piece: all of it, its front, its tail, or its middle, which makes two of it.
 */
#ifndef DUALTREE_BENCH_OBJECTS_H
#define DUALTREE_BENCH_OBJECTS_H

#include <linux/types.h>

struct piece;
struct replay;

struct object {
	/* What is live of it; NULL: nothing, and its number may be given to another */
	struct piece *pieces;
	u32 size;		/* bytes that were allocated */
};

/* All objects of a trace. */
struct objects {
	struct object *table;	/* them, by number */
	u32 room;		/* objects that fit into @table */
	u32 nr;			/* numbers that have been in use, from 0 on */
};

const char *dt_objects_alloc(struct objects *objects, struct replay *r, u32 id, u32 size);
const char *dt_objects_free(struct objects *objects, struct replay *r, u32 id, u32 offset, u32 len);
void dt_objects_free_all(struct objects *objects, struct replay *r);
void dt_objects_destroy(struct objects *objects);

#endif /* DUALTREE_BENCH_OBJECTS_H */
