/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A shrinker with a private pointer: since 6.7 the kernel allocates the structure, and it
 * carries private data.
 */
#ifndef DUALTREE_COMPAT_SHRINKER_H
#define DUALTREE_COMPAT_SHRINKER_H

#include <linux/errno.h>
#include <linux/shrinker.h>

typedef unsigned long (*dt_shrink_fn)(struct shrinker *shrinker, struct shrink_control *sc);

#if !DT_HAVE_SHRINKER_ALLOC

struct dt_shrinker {
	struct shrinker shrinker;
	void *private;
};

static inline void *dt_shrinker_private(struct shrinker *shrinker)
{
	return container_of(shrinker, struct dt_shrinker, shrinker)->private;
}

/* Return: 0 or -ENOMEM. */
static inline int dt_shrinker_register(struct dt_shrinker *s, dt_shrink_fn count,
				       dt_shrink_fn scan, void *private, const char *name)
{
	s->shrinker.count_objects = count;
	s->shrinker.scan_objects = scan;
	s->shrinker.seeks = DEFAULT_SEEKS;
	s->private = private;
	return register_shrinker(&s->shrinker, "%s", name);
}

static inline void dt_shrinker_unregister(struct dt_shrinker *s)
{
	unregister_shrinker(&s->shrinker);
}

#else

struct dt_shrinker {
	struct shrinker *shrinker;
};

static inline void *dt_shrinker_private(struct shrinker *shrinker)
{
	return shrinker->private_data;
}

/* Return: 0 or -ENOMEM. */
static inline int dt_shrinker_register(struct dt_shrinker *s, dt_shrink_fn count,
				       dt_shrink_fn scan, void *private, const char *name)
{
	s->shrinker = shrinker_alloc(0, "%s", name);
	if (!s->shrinker)
		return -ENOMEM;
	s->shrinker->count_objects = count;
	s->shrinker->scan_objects = scan;
	s->shrinker->private_data = private;
	shrinker_register(s->shrinker);
	return 0;
}

static inline void dt_shrinker_unregister(struct dt_shrinker *s)
{
	shrinker_free(s->shrinker);
}

#endif

#endif /* DUALTREE_COMPAT_SHRINKER_H */
