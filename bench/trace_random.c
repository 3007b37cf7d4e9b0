// SPDX-License-Identifier: GPL-2.0
/*
 * Objects of random sizes and lifetimes: no protocol's, but the hardest to place.
 *
 * Sizes are log-uniform, 64 to 4096. A step takes one object at random: seven in ten of them
 * die whole, the others in 2 to 4 parts, cut anywhere, in random order, one whenever a step
 * comes across them. When nothing of an object is left, another takes its place. Of those that
 * it begins with, as many are dying as will be later on.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "random.h"
#include "trace.h"

#define MOST_PARTS	4

/*
 * In a hundred objects. Three in ten come to live for two steps more, on average: 0.6 of 1.6.
 */
#define DYING		37

/**
 * struct object - what is live of an allocation
 * @parts: of it
 * @nr: how many
 * @split: it dies in parts
 */
struct object {
	struct buffer parts[MOST_PARTS];
	u32 nr;
	bool split;
};

/**
 * struct objects - a stream
 * @stream: what all have; its option is the number of objects
 * @next: the one that is replaced next, when all are
 * @objects: all of them
 */
struct objects {
	struct stream stream;
	u32 next;
	struct object objects[];
};

static struct objects *to_objects(struct stream *stream)
{
	return container_of(stream, struct objects, stream);
}

static struct stream *random_create(unsigned int option)
{
	struct objects *objects = kvzalloc(struct_size(objects, objects, option), GFP_KERNEL);

	return objects ? &objects->stream : NULL;
}

static void random_destroy(struct stream *stream)
{
	kvfree(to_objects(stream));
}

static void object_alloc(struct replay *r, struct object *object)
{
	buffer_alloc(r, &object->parts[0], random_log(&r->rnd, 64, 6));
	object->nr = 1;
	object->split = false;
}

static void object_free(struct replay *r, struct object *object)
{
	while (object->nr)
		buffer_free(r, &object->parts[--object->nr]);
}

/* Into 2 to 4 parts: each cut goes through one of those there are. */
static void object_split(struct replay *r, struct object *object)
{
	u32 nr = random_between(&r->rnd, 2, MOST_PARTS);
	struct buffer *part;

	object->split = true;
	while (object->nr < nr) {
		part = &object->parts[random_below(&r->rnd, object->nr)];
		if (part->len < 2)
			return;
		buffer_split(r, part, random_between(&r->rnd, 1, part->len - 1),
			     &object->parts[object->nr]);
		object->nr++;
	}
}

static void object_free_part(struct replay *r, struct object *object)
{
	struct buffer *part = &object->parts[random_below(&r->rnd, object->nr)];

	buffer_free(r, part);
	*part = object->parts[--object->nr];
}

/* As it may be found at any time: at least one part has died, and at least one has not. */
static void object_begin_dying(struct replay *r, struct object *object)
{
	u32 left;

	object_split(r, object);
	for (left = random_between(&r->rnd, 1, MOST_PARTS - 1); object->nr > left;)
		object_free_part(r, object);
}

static void random_start(struct replay *r, struct stream *stream)
{
	struct objects *objects = to_objects(stream);
	u32 i;

	for (i = 0; i < stream->option; i++) {
		object_alloc(r, &objects->objects[i]);
		if (random_chance(&r->rnd, DYING))
			object_begin_dying(r, &objects->objects[i]);
	}
	stream->due = r->now + random_below(&r->rnd, USEC_PER_MSEC);
	stream->running = true;
}

static void random_step(struct replay *r, struct stream *stream)
{
	struct objects *objects = to_objects(stream);
	struct object *object = &objects->objects[random_below(&r->rnd, stream->option)];

	if (r->closing && objects->next < stream->option) {
		object = &objects->objects[objects->next++];
		object_free(r, object);
	} else if (object->split) {
		object_free_part(r, object);
	} else if (random_chance(&r->rnd, 70)) {
		object_free(r, object);
	} else {
		object_split(r, object);
		object_free_part(r, object);
	}
	if (!object->nr)
		object_alloc(r, object);
	stream->due = r->now + random_between(&r->rnd, 1, USEC_PER_MSEC);
}

static void random_stop(struct replay *r, struct stream *stream)
{
	struct objects *objects = to_objects(stream);
	u32 i;

	for (i = 0; i < stream->option; i++)
		object_free(r, &objects->objects[i]);
	stream->running = false;
}

static void random_mark(struct stream *stream)
{
	to_objects(stream)->next = 0;
}

static bool random_cycled(const struct stream *stream)
{
	return container_of(stream, const struct objects, stream)->next == stream->option;
}

const struct stream_kind random_kind = {
	.create = random_create,
	.destroy = random_destroy,
	.start = random_start,
	.step = random_step,
	.stop = random_stop,
	.mark = random_mark,
	.cycled = random_cycled,
};
