/* SPDX-License-Identifier: GPL-2.0 */
/* Lists, bitmaps and trees of the kernel, as far as dualtree uses them. */
#ifndef DUALTREE_HOST_LIST_H
#define DUALTREE_HOST_LIST_H

#include "context.h"

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline void host_link(struct list_head *prev, struct list_head *next)
{
	prev->next = next;
	next->prev = prev;
}

static inline void list_add(struct list_head *node, struct list_head *head)
{
	host_link(node, head->next);
	host_link(head, node);
}

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

static inline bool hlist_unhashed(const struct hlist_node *node)
{
	return !node->pprev;
}

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	host_assert(hlist_unhashed(node));
	node->next = head->first;
	if (node->next)
		node->next->pprev = &node->next;
	head->first = node;
	node->pprev = &head->first;
}

static inline void hlist_del_init(struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
	*node = (struct hlist_node){ };
}

#define hlist_entry(node, type, member)	container_of(node, type, member)

static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	list_add(node, head->prev);
}

static inline void list_del(struct list_head *node)
{
	host_assert(node->next->prev == node && node->prev->next == node);
	host_link(node->prev, node->next);
	node->next = NULL;
	node->prev = NULL;
}

static inline void list_del_init(struct list_head *node)
{
	list_del(node);
	INIT_LIST_HEAD(node);
}

static inline void list_move(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add(node, head);
}

static inline void list_move_tail(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add_tail(node, head);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

/* Move all of a list after @at. */
static inline void list_splice_init(struct list_head *list, struct list_head *at)
{
	if (list_empty(list))
		return;
	host_link(list->prev, at->next);
	host_link(at, list->next);
	INIT_LIST_HEAD(list);
}

static inline void list_splice_tail_init(struct list_head *list, struct list_head *at)
{
	list_splice_init(list, at->prev);
}

static inline void list_splice_tail(struct list_head *list, struct list_head *at)
{
	list_splice_tail_init(list, at);
}

/* Move what lies before @node to @to, which is overwritten. */
static inline void list_cut_before(struct list_head *to, struct list_head *head,
				   struct list_head *node)
{
	INIT_LIST_HEAD(to);
	if (head->next == node)
		return;
	host_link(to, head->next);
	host_link(node->prev, to);
	host_link(head, node);
}

#define list_entry(p, type, member)	container_of(p, type, member)
#define list_first_entry(h, type, m)	list_entry((h)->next, type, m)
#define list_last_entry(h, type, m)	list_entry((h)->prev, type, m)
#define list_first_entry_or_null(h, type, m)					\
	(list_empty(h) ? NULL : list_first_entry(h, type, m))
#define list_next_entry(p, m)		list_entry((p)->m.next, typeof(*(p)), m)
#define list_for_each_entry_from(p, h, m)					\
	for (; &(p)->m != (h); (p) = list_next_entry(p, m))
#define list_for_each_entry(p, h, m)						\
	for ((p) = list_first_entry(h, typeof(*(p)), m); &(p)->m != (h);	\
	     (p) = list_next_entry(p, m))
#define list_for_each_entry_safe_from(p, n, h, m)				\
	for ((n) = list_next_entry(p, m); &(p)->m != (h);			\
	     (p) = (n), (n) = list_next_entry(n, m))
#define list_for_each_entry_safe(p, n, h, m)					\
	for ((p) = list_first_entry(h, typeof(*(p)), m),			\
	     (n) = list_next_entry(p, m); &(p)->m != (h);			\
	     (p) = (n), (n) = list_next_entry(n, m))

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

#define LLIST_HEAD(name)	struct llist_head name = {}

#define llist_entry(p, type, member)	container_of(p, type, member)

static inline void init_llist_head(struct llist_head *head)
{
	head->first = NULL;
}

static inline bool llist_empty(const struct llist_head *head)
{
	return !READ_ONCE(head->first);
}

static inline bool llist_add(struct llist_node *node, struct llist_head *head)
{
	struct llist_node *first;

	do {
		first = READ_ONCE(head->first);
		node->next = first;
	} while (cmpxchg(&head->first, first, node) != first);
	return !first;
}

static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	return xchg(&head->first, NULL);
}

#define DECLARE_BITMAP(name, bits)	unsigned long name[BITS_TO_LONGS(bits)]

static inline bool test_bit(unsigned long n, const unsigned long *map)
{
	return map[n / 64] >> n % 64 & 1;
}

static inline void __set_bit(unsigned long n, unsigned long *map)
{
	map[n / 64] |= BIT(n % 64);
}

static inline void __change_bit(unsigned long n, unsigned long *map)
{
	map[n / 64] ^= BIT(n % 64);
}

static inline void __clear_bit(unsigned long n, unsigned long *map)
{
	map[n / 64] &= ~BIT(n % 64);
}

/* Atomic: no point, since callers are not dualtree's fast paths. */
static inline void set_bit(unsigned long n, unsigned long *map)
{
	host_point();
	host_modify(&map[n / 64]);
	__set_bit(n, map);
}

/* The first bit from @from on that differs from those of @invert; @nr if there is none. */
static inline unsigned long host_find(const unsigned long *map, unsigned long nr,
				      unsigned long from, unsigned long invert)
{
	unsigned long word;

	while (from < nr) {
		word = (map[from / 64] ^ invert) >> from % 64;
		if (word)
			return min(from + __ffs(word), nr);
		from = round_down(from, 64UL) + 64;
	}
	return nr;
}

#define find_next_bit(map, nr, from)	host_find(map, nr, from, 0)
#define find_first_bit(map, nr)		host_find(map, nr, 0, 0)
#define find_first_zero_bit(map, nr)	host_find(map, nr, 0, ~0UL)
#define find_next_zero_bit(map, nr, from) host_find(map, nr, from, ~0UL)
#define bitmap_full(map, nr)		(find_first_zero_bit(map, nr) == (nr))
#define bitmap_empty(map, nr)		(find_first_bit(map, nr) == (nr))
static inline void bitmap_set(unsigned long *map, unsigned int start, unsigned int nr)
{
	while (nr--)
		__set_bit(start++, map);
}

/* Bits that are set. */
static inline unsigned int bitmap_weight(const unsigned long *map, unsigned int nr)
{
	unsigned int bit, weight = 0;

	for (bit = 0; bit < nr; bit++)
		weight += test_bit(bit, map);
	return weight;
}

#define for_each_set_bit(bit, map, nr)						\
	for ((bit) = find_first_bit(map, nr); (bit) < (nr);			\
	     (bit) = find_next_bit(map, nr, (bit) + 1))

/* A tree that is balanced by its nodes' priorities, see tree.c. */
struct rb_node {
	struct rb_node *rb_parent, *rb_left, *rb_right;
	u32 priority;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_augment_callbacks {
	void (*update)(struct rb_node *node);
};

/* Nodes that were linked by now: each has a priority of its own, the same in each run. */
extern u32 host_trees;

#define RB_ROOT			((struct rb_root){ NULL })
#define rb_parent(node)		((node)->rb_parent)
#define rb_entry(p, type, m)	container_of(p, type, m)
#define rb_entry_safe(p, type, m)						\
({										\
	const struct rb_node *_p = (p);						\
										\
	_p ? rb_entry(_p, type, m) : NULL;					\
})

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	*node = (struct rb_node){ .rb_parent = parent, .priority = ++host_trees * 0x9e3779b9 };
	*link = node;
}

void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment_callbacks *augment);
void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment_callbacks *augment);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_first_postorder(const struct rb_root *root);
struct rb_node *rb_next_postorder(const struct rb_node *node);

#define rbtree_postorder_for_each_entry_safe(p, n, root, m)				\
	for ((p) = rb_entry_safe(rb_first_postorder(root), typeof(*(p)), m);		\
	     (p) && ((n) = rb_entry_safe(rb_next_postorder(&(p)->m), typeof(*(p)), m), 1); \
	     (p) = (n))

/* Each node's @augmented is the largest @compute() of those under it. */
#define RB_DECLARE_CALLBACKS_MAX(storage, name, type, m, vtype, augmented, compute)	\
storage void name##_update(struct rb_node *node)					\
{											\
	type *p = rb_entry(node, type, m);						\
	vtype largest = compute(p);							\
											\
	if (node->rb_left)								\
		largest = max(largest, rb_entry(node->rb_left, type, m)->augmented);	\
	if (node->rb_right)								\
		largest = max(largest, rb_entry(node->rb_right, type, m)->augmented);	\
	p->augmented = largest;								\
}											\
storage const struct rb_augment_callbacks name = { name##_update };

#endif /* DUALTREE_HOST_LIST_H */
