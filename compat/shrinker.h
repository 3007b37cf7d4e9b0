/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shrinkers with a private pointer. A shrinker is made ready and registered by one call, and its
 * functions find their private pointer by another one. Process context; may sleep.
 */
#ifndef DUALTREE_COMPAT_SHRINKER_H
#define DUALTREE_COMPAT_SHRINKER_H

#include <linux/shrinker.h>

#if !DT_HAVE_SHRINKER_ALLOC
#include <linux/slab.h>
#endif

typedef unsigned long (*dt_shrink_fn)(struct shrinker *shrinker, struct shrink_control *sc);

#if !DT_HAVE_SHRINKER_ALLOC

/* The kernel's structure has no private data here, so this one is around it. */
struct dt_shrinker {
	struct shrinker shrinker;
	void *private;
};

static inline void *dt_shrinker_private(struct shrinker *shrinker)
{
	return container_of(shrinker, struct dt_shrinker, shrinker)->private;
}

static inline void dt_shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(container_of(shrinker, struct dt_shrinker, shrinker));
}

/* Return: the shrinker, registered, or NULL. */
static inline struct shrinker *dt_shrinker_create(dt_shrink_fn count, dt_shrink_fn scan,
						  void *private, const char *name)
{
	struct dt_shrinker *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	s->shrinker.count_objects = count;
	s->shrinker.scan_objects = scan;
	s->shrinker.seeks = DEFAULT_SEEKS;
	s->private = private;
	if (!register_shrinker(&s->shrinker, "%s", name))
		return &s->shrinker;
	kfree(s);
	return NULL;
}

#else

static inline void *dt_shrinker_private(struct shrinker *shrinker)
{
	return shrinker->private_data;
}

static inline void dt_shrinker_free(struct shrinker *shrinker)
{
	shrinker_free(shrinker);
}

/* Return: the shrinker, registered, or NULL. */
static inline struct shrinker *dt_shrinker_create(dt_shrink_fn count, dt_shrink_fn scan,
						  void *private, const char *name)
{
	struct shrinker *shrinker = shrinker_alloc(0, "%s", name);

	if (!shrinker)
		return NULL;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->private_data = private;
	shrinker_register(shrinker);
	return shrinker;
}

#endif

#endif /* DUALTREE_COMPAT_SHRINKER_H */
