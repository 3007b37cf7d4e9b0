// SPDX-License-Identifier: GPL-2.0
/*
 * A model of SLUB as in Linux 6.1 on x86-64 with CONFIG_SLUB_CPU_PARTIAL: which cache lines an
 * allocation and a free touch, in which order, and how slabs move.
 *
 *	a slab is			its free objects are taken by
 *	a CPU's own (frozen)		that CPU, without a lock
 *	in a CPU's partial list (fz.)	that CPU, once its own slab is used up
 *	in a node's partial list	any CPU, under the node's lock
 *	full				none; it is in no list
 *
 *	alloc	the CPU's freelist; else what others freed in its own slab; else the CPU's next
 *		partial slab; else half as many as it may keep of the node's; else new pages
 *	free	into the CPU's freelist, if the object is of its own slab; else into the slab's
 *		freelist by a compare-exchange of the two words in the slab's struct page. The first
 *		free in a full slab puts that into this CPU's partial list. When that has too many
 *		slabs all of them go to their nodes' lists; the empty ones to the page allocator, if
 *		the node has enough
 *
 * The links of free objects lie in the objects, at half their size. Modelled are also the lookup of
 * a slab by way of a tail page's struct page, the cache's own constants, the node's counts of slabs
 * and objects, and that a new slab's objects are linked in a random order. Not modelled: debugging,
 * memory cgroups, prefetches, statistics, and calls that an interrupt or another CPU breaks into,
 * whose compare-exchange would be repeated.
 *
 * Numbers are those that the kernel computes: order and objects of a slab by the number of CPUs,
 * slabs that a CPU and a node keep by the object's size.
 *
 * All that is accessed here is counted: this file is compiled as the core is.
 */
#include "../test.h"
#include "slub.h"

#define SLAB_MAX_ORDER		3
#define NODE_MIN_PARTIAL	5
#define NODE_MAX_PARTIAL	10

/**
 * struct slab - what the struct page of a slab's first page has, and of the others @head alone
 * @flags: of the page
 * @head: first page
 * @cache: the cache
 * @list: in the node's partial list
 * @next: in a CPU's partial list
 * @slabs: slabs in that list from this one on
 * @freelist: first free object that is not in a CPU's freelist
 * @inuse: objects that are in use, or in a CPU's freelist
 * @frozen: is it some CPU's?
 * @node: of its memory
 */
struct slab {
	unsigned long flags;
	struct slab *head;
	struct slub *cache;
	union {
		struct list_head list;
		struct {
			struct slab *next;
			unsigned long slabs;
		};
	};
	void *freelist;
	u16 inuse;
	bool frozen;
	u8 node;
} ____cacheline_aligned_in_smp;

static struct slab slabs[HOST_PAGES];

/* Of each CPU: in its per-CPU memory. */
struct slub_cpu {
	void *freelist;
	unsigned long tid;
	struct slab *slab;
	struct slab *partial;
} ____cacheline_aligned_in_smp;

struct slub_node {
	raw_spinlock_t list_lock;
	unsigned long nr_partial;
	struct list_head partial;
	atomic_long_t nr_slabs;
	atomic_long_t total_objects;
} ____cacheline_aligned_in_smp;

/**
 * struct slub - a cache; constant
 * @size: bytes of an object
 * @link: where a free object has its link
 * @order: pages of a slab, as a power of two
 * @objects: of a slab
 * @cpu_slabs: slabs in a CPU's partial list, at most
 * @min_partial: slabs that a node keeps, empty or not
 * @cpu: of each CPU
 * @node: of each node
 */
struct slub {
	size_t size;
	size_t link;
	unsigned int order;
	unsigned int objects;
	unsigned int cpu_slabs;
	unsigned int min_partial;
	struct slub_cpu *cpu;
	struct slub_node *node;
} ____cacheline_aligned_in_smp;

static void **link_of(const struct slub *s, void *object)
{
	return object + s->link;
}

static struct slab *page_slab(void *addr)
{
	return &slabs[((char *)addr - HOST_MEMORY) >> PAGE_SHIFT];
}

/* Take a slab's two words by one compare-exchange. */
static void slab_set(struct slab *slab, void *freelist, unsigned int inuse, bool frozen)
{
	host_modify(&slab->freelist);
	slab->freelist = freelist;
	slab->inuse = inuse;
	slab->frozen = frozen;
}

/* Change a CPU's freelist and its transaction by one compare-exchange. */
static void cpu_set(struct slub_cpu *c, void *freelist)
{
	host_modify(&c->freelist);
	c->freelist = freelist;
	c->tid++;
}

/* The objects of a new slab, from a random one on in a random order. Return: the first. */
static void *slab_link(struct slub *s, void *pages)
{
	unsigned int i, j, order[512];
	void *first = NULL;

	for (i = 0; i < s->objects; i++) {
		j = host_choose(i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	for (i = 0; i < s->objects; i++) {
		void *object = pages + order[i] * s->size;

		*link_of(s, object) = first;
		first = object;
	}
	return first;
}

static struct slab *slab_create(struct slub *s)
{
	struct slub_node *n = &s->node[numa_mem_id()];
	void *pages = slub_pages_get(s->order);
	struct slab *slab = page_slab(pages);
	unsigned int i;

	for (i = 0; i < 1U << s->order; i++)
		slab[i].head = slab;
	slab->cache = s;
	slab->node = numa_mem_id();
	slab->freelist = slab_link(s, pages);
	slab->inuse = s->objects;
	slab->frozen = true;
	atomic_long_inc(&n->nr_slabs);
	atomic_long_add(s->objects, &n->total_objects);
	return slab;
}

static void slab_discard(struct slub *s, struct slab *slab)
{
	struct slub_node *n = &s->node[slab->node];

	atomic_long_sub(1, &n->nr_slabs);
	atomic_long_sub(s->objects, &n->total_objects);
	slub_pages_put(HOST_MEMORY + (slab - slabs) * PAGE_SIZE, s->order);
}

/* Unfreeze a CPU's partial slabs: to their nodes, each of which is locked for those in a row. */
static void unfreeze(struct slub *s, struct slab *slab)
{
	struct slub_node *locked = NULL, *n;
	struct slab *next, *empty = NULL;

	for (; slab; slab = next) {
		next = slab->next;
		n = &s->node[slab->node];
		if (n != locked) {
			if (locked)
				raw_spin_unlock(&locked->list_lock);
			locked = n;
			raw_spin_lock(&n->list_lock);
		}
		slab_set(slab, slab->freelist, slab->inuse, false);
		if (!slab->inuse && n->nr_partial >= s->min_partial) {
			slab->next = empty;
			empty = slab;
		} else {
			n->nr_partial++;
			list_add_tail(&slab->list, &n->partial);
		}
	}
	if (locked)
		raw_spin_unlock(&locked->list_lock);
	for (; empty; empty = next) {
		next = empty->next;
		slab_discard(s, empty);
	}
}

/* Put a frozen slab into this CPU's partial list; with @drain the list does not get too long. */
static void put_cpu_partial(struct slub *s, struct slab *slab, bool drain)
{
	struct slub_cpu *c = &s->cpu[host_now.cpu];
	struct slab *old = c->partial, *full = NULL;
	unsigned long nr = old ? old->slabs : 0;

	if (drain && nr >= s->cpu_slabs) {
		full = old;
		old = NULL;
		nr = 0;
	}
	slab->slabs = nr + 1;
	slab->next = old;
	c->partial = slab;
	if (full)
		unfreeze(s, full);
}

/* Take all that is free in a slab of a node's list, which is locked. */
static void *acquire_slab(struct slub *s, struct slub_node *n, struct slab *slab)
{
	void *freelist = slab->freelist;

	slab_set(slab, NULL, s->objects, true);
	list_del(&slab->list);
	n->nr_partial--;
	return freelist;
}

/* The same, but the slab keeps its list: it is to be in a CPU's partial list. */
static void move_slab(struct slub *s, struct slub_node *n, struct slab *slab)
{
	slab_set(slab, slab->freelist, slab->inuse, true);
	list_del(&slab->list);
	n->nr_partial--;
	put_cpu_partial(s, slab, false);
}

/* Slabs of a node: one for this CPU, and some for its partial list. Return: the one, or NULL. */
static struct slab *get_partial_node(struct slub *s, struct slub_node *n, void **freelist)
{
	struct slab *slab, *next, *own = NULL;
	unsigned int more = 0;

	if (!n->nr_partial)
		return NULL;
	raw_spin_lock(&n->list_lock);
	list_for_each_entry_safe(slab, next, &n->partial, list) {
		if (!own) {
			own = slab;
			*freelist = acquire_slab(s, n, slab);
			continue;
		}
		move_slab(s, n, slab);
		if (++more > s->cpu_slabs / 2)
			break;
	}
	raw_spin_unlock(&n->list_lock);
	return own;
}

/* Of this CPU's node; else of another one that has more than it keeps. */
static struct slab *get_partial(struct slub *s, void **freelist)
{
	struct slab *slab = get_partial_node(s, &s->node[numa_mem_id()], freelist);
	int nid;

	for (nid = 0; nid < HOST_NODES && !slab; nid++)
		if (nid != numa_mem_id() && s->node[nid].nr_partial > s->min_partial)
			slab = get_partial_node(s, &s->node[nid], freelist);
	return slab;
}

/* What other CPUs have freed in this CPU's slab; none: it is the CPU's no more. */
static void *get_freelist(struct slub *s, struct slab *slab)
{
	void *freelist = slab->freelist;

	slab_set(slab, NULL, s->objects, freelist);
	return freelist;
}

static void *alloc_slow(struct slub *s, struct slub_cpu *c)
{
	void *freelist = NULL;

	if (c->slab)
		freelist = get_freelist(s, c->slab);
	while (!freelist && c->partial) {
		c->slab = c->partial;
		c->partial = c->slab->next;
		freelist = get_freelist(s, c->slab);
	}
	if (!freelist)
		c->slab = get_partial(s, &freelist);
	if (!c->slab) {
		c->slab = slab_create(s);
		freelist = c->slab->freelist;
		c->slab->freelist = NULL;
	}
	c->freelist = *link_of(s, freelist);
	c->tid++;
	return freelist;
}

void *slub_alloc(struct slub *s)
{
	struct slub_cpu *c = &s->cpu[host_now.cpu];
	void *object = c->freelist;

	if (!object || !c->slab)
		return alloc_slow(s, c);
	cpu_set(c, *link_of(s, object));
	return object;
}

/* The last object of a slab in the node's list was freed. */
static void free_last(struct slub *s, struct slab *slab)
{
	struct slub_node *n = &s->node[slab->node];
	bool discard;

	raw_spin_lock(&n->list_lock);
	slab_set(slab, slab->freelist, slab->inuse, false);
	discard = n->nr_partial >= s->min_partial;
	if (discard) {
		list_del(&slab->list);
		n->nr_partial--;
	}
	raw_spin_unlock(&n->list_lock);
	if (discard)
		slab_discard(s, slab);
}

/* Into a slab that is not this CPU's. */
static void free_slow(struct slub *s, struct slab *slab, void *object)
{
	void *before = slab->freelist;
	unsigned int inuse = slab->inuse - 1;
	bool frozen = slab->frozen;

	*link_of(s, object) = before;
	if (!frozen && before && !inuse) {
		slab->freelist = object;
		slab->inuse = 0;
		free_last(s, slab);
		return;
	}
	slab_set(slab, object, inuse, frozen || !before);
	if (!frozen && !before)
		put_cpu_partial(s, slab, true);
}

void slub_free(void *object)
{
	struct slab *slab = page_slab(object)->head;
	struct slub *s = slab->cache;
	struct slub_cpu *c = &s->cpu[host_now.cpu];

	if (c->slab != slab) {
		free_slow(s, slab, object);
		return;
	}
	*link_of(s, object) = c->freelist;
	cpu_set(c, object);
}

/* Slabs that a CPU keeps are counted in objects, by their size, as if each were half free. */
static unsigned int cpu_objects(size_t size)
{
	return size >= PAGE_SIZE ? 6 : size >= 1024 ? 24 : size >= 256 ? 52 : 120;
}

struct slub *slub_create(size_t size, unsigned int cpus)
{
	struct slub *s = aligned_alloc(64, sizeof(*s));
	size_t rounded = 1UL << order_base_2(size);
	/* The more CPUs, the more objects a slab should have. */
	unsigned int nid, wanted = 4 * (ilog2(cpus) + 2);

	host_assert(s);
	memset(s, 0, sizeof(*s));
	s->size = rounded;
	s->link = ALIGN_DOWN(rounded / 2, sizeof(void *));
	s->order = min_t(unsigned int, get_order(wanted * rounded), SLAB_MAX_ORDER);
	s->objects = (PAGE_SIZE << s->order) / rounded;
	s->cpu_slabs = DIV_ROUND_UP(2 * cpu_objects(rounded), s->objects);
	s->min_partial = max_t(unsigned int, ilog2(rounded) / 2, NODE_MIN_PARTIAL);
	s->min_partial = min_t(unsigned int, s->min_partial, NODE_MAX_PARTIAL);
	s->cpu = aligned_alloc(64, HOST_CPUS * sizeof(*s->cpu));
	s->node = aligned_alloc(64, HOST_NODES * sizeof(*s->node));
	host_assert(s->cpu && s->node && s->objects <= 512);
	memset(s->cpu, 0, HOST_CPUS * sizeof(*s->cpu));
	memset(s->node, 0, HOST_NODES * sizeof(*s->node));
	for (nid = 0; nid < HOST_NODES; nid++)
		INIT_LIST_HEAD(&s->node[nid].partial);
	return s;
}

void slub_destroy(struct slub *s)
{
	free(s->cpu);
	free(s->node);
	free(s);
	slub_pages_reset();
}
