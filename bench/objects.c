// SPDX-License-Identifier: GPL-2.0
/*
 * The objects of a trace file; see objects.h.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "objects.h"
#include "replay.h"

/* Objects that the table begins with, and most that a file may have: 256 MiB of table. */
#define ROOM_MIN	1024u
#define OBJECTS_MAX	BIT(24)

static const char no_memory[] = "there is no memory for the objects";

/* A run of live bytes of an object. */
struct piece {
	struct buffer buffer;	/* where they are */
	u32 offset;		/* where they begin in the object */
	struct piece *next;	/* another piece of it */
};

static bool make_room(struct objects *objects)
{
	u32 room = max(objects->room * 2, ROOM_MIN);
	struct object *table;

	if (objects->nr < objects->room)
		return true;
	table = kvcalloc(room, sizeof(*table), GFP_KERNEL);
	if (!table)
		return false;
	if (objects->nr)
		memcpy(table, objects->table, objects->nr * sizeof(*table));
	kvfree(objects->table);
	objects->table = table;
	objects->room = room;
	return true;
}

/*
 * Allocates an object. Its number is one that is not in use, or the first that never was. Return:
 * what is wrong with that, or NULL.
 */
const char *dt_objects_alloc(struct objects *objects, struct replay *r, u32 id, u32 size)
{
	struct object *object;
	struct piece *piece;

	if (!size)
		return "an allocation of 0 bytes";
	if (id > objects->nr || id >= OBJECTS_MAX)
		return "the ID leaves numbers out";
	if (id < objects->nr && objects->table[id].pieces)
		return "an object of that ID is still live";
	if (!make_room(objects))
		return no_memory;
	piece = kmalloc(sizeof(*piece), GFP_KERNEL);
	if (!piece)
		return no_memory;
	objects->nr = max(objects->nr, id + 1);
	dt_buffer_alloc(r, &piece->buffer, size);
	piece->offset = 0;
	piece->next = NULL;
	object = &objects->table[id];
	object->pieces = piece;
	object->size = size;
	return NULL;
}

/* @len bytes at @offset are freed; what comes after them becomes a piece of its own. */
static const char *take_middle(struct replay *r, struct piece *piece, u32 offset, u32 len)
{
	struct piece *rest = kmalloc(sizeof(*rest), GFP_KERNEL);

	if (!rest)
		return no_memory;
	dt_buffer_split(r, &piece->buffer, offset - piece->offset, &rest->buffer);
	dt_buffer_drop_front(r, &rest->buffer, len);
	rest->offset = offset + len;
	rest->next = piece->next;
	piece->next = rest;
	return NULL;
}

/* Frees some bytes of a piece: @len at @offset of its object. */
static const char *take(struct replay *r, struct piece **link, u32 offset, u32 len)
{
	struct piece *piece = *link;

	if (len == piece->buffer.len) {
		dt_buffer_free(r, &piece->buffer);
		*link = piece->next;
		kfree(piece);
	} else if (offset == piece->offset) {
		dt_buffer_drop_front(r, &piece->buffer, len);
		piece->offset += len;
	} else if (offset + len == piece->offset + piece->buffer.len) {
		dt_buffer_trim(r, &piece->buffer, offset - piece->offset);
	} else {
		return take_middle(r, piece, offset, len);
	}
	return NULL;
}

/* Frees some bytes of an object. Return: what is wrong with that, or NULL. */
const char *dt_objects_free(struct objects *objects, struct replay *r, u32 id, u32 offset, u32 len)
{
	struct object *object;
	struct piece **link;

	if (!len)
		return "a free of 0 bytes";
	if (id >= objects->nr || !objects->table[id].pieces)
		return "no object of that ID is live";
	object = &objects->table[id];
	if (offset >= object->size || len > object->size - offset)
		return "the free goes beyond the end of the object";
	for (link = &object->pieces; *link; link = &(*link)->next) {
		const struct piece *piece = *link;

		if (offset >= piece->offset && offset + len <= piece->offset + piece->buffer.len)
			return take(r, link, offset, len);
	}
	return "some of these bytes have been freed already";
}

/* Frees what a trace leaves live; with @r NULL what is known of it alone. */
void dt_objects_free_all(struct objects *objects, struct replay *r)
{
	struct piece *piece;
	u32 i;

	for (i = 0; i < objects->nr; i++) {
		while ((piece = objects->table[i].pieces)) {
			if (r)
				dt_buffer_free(r, &piece->buffer);
			objects->table[i].pieces = piece->next;
			kfree(piece);
		}
	}
}

/* What is live is not freed. */
void dt_objects_destroy(struct objects *objects)
{
	dt_objects_free_all(objects, NULL);
	kvfree(objects->table);
}
