// SPDX-License-Identifier: GPL-2.0
/*
 * Objects of random sizes and lifetimes: no protocol's, but the hardest to place.
 *
 * Sizes are log-uniform, 64 to 4096. A step takes one object at random: seven in ten of them are
 * freed whole, the others in 2 to 4 parts, cut anywhere, in random order, one whenever a step
 * comes across them. When nothing of an object is left, another takes its place. Of the objects
 * that it begins with, as many are partly freed as will be later on.
 */
#include "../random.h"
#include "streams.h"

#define PARTS_MAX	4

/*
 * In a hundred objects: three in ten live for two steps more, on average, so at any time
 * 0.6 of 1.6 are partly freed.
 */
#define DYING		37

struct parted {
	struct buffer parts[PARTS_MAX];	/* what is live of it */
	u32 nr;				/* how many */
	bool split;			/* it is freed in parts */
};

/* The stream's option is the number of objects, its count the next one that is replaced. */
struct random_objects {
	struct stream stream;
	struct parted objects[];
};

static void object_alloc(struct play *play, struct parted *object)
{
	dt_buffer_alloc(&play->replay, &object->parts[0], random_log(&play->rnd, 64, 6));
	object->nr = 1;
	object->split = false;
}

static void object_free(struct play *play, struct parted *object)
{
	while (object->nr)
		dt_buffer_free(&play->replay, &object->parts[--object->nr]);
}

/* Into 2 to 4 parts: each cut goes through one of those there are. */
static void object_split(struct play *play, struct parted *object)
{
	u32 nr = random_between(&play->rnd, 2, PARTS_MAX);
	struct buffer *part;

	object->split = true;
	while (object->nr < nr) {
		part = &object->parts[random_below(&play->rnd, object->nr)];
		if (part->len < 2)
			return;
		dt_buffer_split(&play->replay, part, random_between(&play->rnd, 1, part->len - 1),
				&object->parts[object->nr]);
		object->nr++;
	}
}

static void object_free_part(struct play *play, struct parted *object)
{
	struct buffer *part = &object->parts[random_below(&play->rnd, object->nr)];

	dt_buffer_free(&play->replay, part);
	*part = object->parts[--object->nr];
}

/* At least one part has been freed, and at least one has not. */
static void object_begin_dying(struct play *play, struct parted *object)
{
	u32 left;

	object_split(play, object);
	for (left = random_between(&play->rnd, 1, PARTS_MAX - 1); object->nr > left;)
		object_free_part(play, object);
}

static void random_start(struct play *play, struct stream *stream)
{
	struct random_objects *objects = (struct random_objects *)stream;
	u32 i;

	stream->cycle = stream->option;
	for (i = 0; i < stream->option; i++) {
		object_alloc(play, &objects->objects[i]);
		if (random_chance(&play->rnd, DYING))
			object_begin_dying(play, &objects->objects[i]);
	}
	stream->due = play->now + random_below(&play->rnd, USEC_PER_MSEC);
}

static void random_step(struct play *play, struct stream *stream)
{
	struct random_objects *objects = (struct random_objects *)stream;
	struct parted *object = &objects->objects[random_below(&play->rnd, stream->option)];

	if (play->closing && stream->count < stream->option) {
		object = &objects->objects[stream->count++];
		object_free(play, object);
	} else if (object->split) {
		object_free_part(play, object);
	} else if (random_chance(&play->rnd, 70)) {
		object_free(play, object);
	} else {
		object_split(play, object);
		object_free_part(play, object);
	}
	if (!object->nr)
		object_alloc(play, object);
	stream->due = play->now + random_between(&play->rnd, 1, USEC_PER_MSEC);
}

static void random_stop(struct play *play, struct stream *stream)
{
	struct random_objects *objects = (struct random_objects *)stream;
	u32 i;

	for (i = 0; i < stream->option; i++)
		object_free(play, &objects->objects[i]);
}

const struct stream_kind random_kind = {
	.size = sizeof(struct random_objects),
	.option_size = sizeof(struct parted),
	.start = random_start,
	.step = random_step,
	.stop = random_stop,
};
