// SPDX-License-Identifier: GPL-2.0
/*
 * The trees of a region by themselves, without a heap: each call is compared with what a search of
 * the granules finds, and every invariant is checked after it. In rounds of stray writes links are
 * written to: then what is handed out must be free, and after a rebuild all holds again.
 */
#include "../../compat/kasan.h"
#include "../../dualtree/check.h"
#include "../../dualtree/extent_tree.h"
#include "../../dualtree/ledger.h"
#include "ops.h"

/* Most granules of the region: of several words of the tree by address, on two levels. */
#define GRANULES	4500U

/* Largest alignment that is asked for, in granules, and so that of the region. */
#define ALIGN_MAX	256U

/**
 * struct region - a region without a heap
 * @tree: its trees; @nr of them is 0 if there is none
 * @ledger: its ledger, with the guards around it
 * @memory: its memory
 * @index: the tree by address, and lengths
 * @taken: for each granule: it is handed out
 */
struct region {
	struct dt_extent_tree tree;
	u8 *ledger;
	void *memory;
	void *index;
	bool taken[GRANULES + 1];
};

static struct region region;

static size_t bytes_of(unsigned int nr)
{
	return (size_t)nr * dualtree_granule();
}

static void region_begin(struct region *r, unsigned int nr)
{
	r->ledger = (u8 *)malloc(nr + 16) + 8;
	r->index = calloc(1, dt_extent_tree_size(nr));
	host_assert(!posix_memalign(&r->memory, bytes_of(ALIGN_MAX), bytes_of(nr)));
	memset(r->ledger - 8, dualtree_granule(), nr + 16);
	memset(r->memory, 0, bytes_of(nr));
	memset(r->taken, true, sizeof(r->taken));
	dt_extent_tree_init(&r->tree, r->memory, r->ledger, nr, r->index);
	dt_poison(r->memory, bytes_of(nr));
}

static void region_end(struct region *r)
{
	dt_unpoison(r->memory, bytes_of(r->tree.nr_max));
	free(r->ledger - 8);
	free(r->index);
	free(r->memory);
	r->tree.nr = 0;
}

static void region_free(struct region *r, unsigned int first, unsigned int nr)
{
	memset(r->taken + first, false, nr);
	ledger_set(r->ledger, first, nr, LEDGER_OWNED);
	dt_extent_tree_free(&r->tree, first, nr);
}

/* Granules from @at on that are free, or that are not. */
static unsigned int run_of(const struct region *r, unsigned int at, bool taken)
{
	unsigned int end = at;

	while (end < r->tree.nr && r->taken[end] == taken)
		end++;
	return end - at;
}

/* The lowest of the shortest free runs of @nr granules or more, or EXTENT_NONE. */
static unsigned int best_run(const struct region *r, unsigned int nr, unsigned int *length)
{
	unsigned int at, len, best = EXTENT_NONE;

	*length = UINT_MAX;
	for (at = 0; at < r->tree.nr; at += len ?: 1) {
		len = run_of(r, at, false);
		if (len >= nr && len < *length) {
			best = at;
			*length = len;
		}
	}
	return best;
}

/* The longest one. */
static unsigned int largest_run(const struct region *r)
{
	unsigned int at, len, largest = 0;

	for (at = 0; at < r->tree.nr; at += len ?: 1) {
		len = run_of(r, at, false);
		largest = max(largest, len);
	}
	return largest;
}

/* A link has led nowhere: all that is free is found again. */
static void repair(struct region *r)
{
	host_assert(host_stray);
	dt_extent_tree_rebuild(&r->tree, 0, 0, true);
	host_assert(dt_extent_tree_check(&r->tree));
}

/*
 * What a call has carved was free, begins where it must, and is clear if what is freed is cleared.
 * With @want EXTENT_NONE any place is right. The test writes nothing there, so only nodes could be
 * left.
 */
static void region_took(struct region *r, unsigned int first, unsigned int nr, unsigned int want)
{
	if (first != EXTENT_NONE) {
		host_assert(first + nr <= r->tree.nr && run_of(r, first, false) >= nr);
		host_assert(host_stray || want == EXTENT_NONE || first == want);
		dt_unpoison(r->memory + bytes_of(first), bytes_of(nr));
		host_assert(!host_init_on_free || host_stray ||
			    !memchr_inv(r->memory + bytes_of(first), 0, bytes_of(nr)));
		memset(r->taken + first, true, nr);
		ledger_set(r->ledger, first, nr, dualtree_granule());
	}
	if (r->tree.damaged)
		repair(r);
}

static unsigned int choose_nr(const struct region *r)
{
	return 1 + host_choose(host_one_in(4) ? r->tree.nr / 4 + 1 : host_one_in(2) ? 130 : 5);
}

static void tree_alloc(struct region *r)
{
	unsigned int nr = choose_nr(r), length, want = best_run(r, nr, &length);
	unsigned int first = dt_extent_tree_alloc(&r->tree, nr);

	host_assert(first != EXTENT_NONE || want == EXTENT_NONE || r->tree.damaged || host_stray);
	region_took(r, first, nr, want);
}

static void tree_alloc_run(struct region *r)
{
	unsigned int nr = choose_nr(r), most = nr + host_choose(1000), length, total = 0;
	unsigned int want = best_run(r, nr, &length);
	unsigned int first = dt_extent_tree_alloc_run(&r->tree, nr, most, &total);

	host_assert(host_stray || (first == EXTENT_NONE) == (want == EXTENT_NONE));
	host_assert(host_stray || first == EXTENT_NONE ||
		    total == min(length, most) / nr * nr);
	region_took(r, first, total, want);
}

/*
 * As the header says: the best fit, then the best fit for a length that has room for any alignment,
 * or else the longest run, if it is large enough.
 */
static unsigned int aligned_place(const struct region *r, unsigned int nr, unsigned int align)
{
	unsigned int sizes[] = { nr, nr + align - 1, largest_run(r) };
	unsigned int i, first, skip, length;

	for (i = 0; i < ARRAY_SIZE(sizes) && sizes[i]; i++) {
		first = best_run(r, sizes[i], &length);
		if (first == EXTENT_NONE)
			continue;
		skip = round_up(first, align) - first;
		if (skip + nr <= length)
			return first + skip;
	}
	return EXTENT_NONE;
}

static void tree_alloc_aligned(struct region *r)
{
	unsigned int nr = choose_nr(r), align = 2U << host_choose(ilog2(ALIGN_MAX));
	unsigned int want = aligned_place(r, nr, align), before = 0;
	unsigned int first = dt_extent_tree_alloc_aligned(&r->tree, nr, bytes_of(align), &before);

	host_assert(host_stray || first == want);
	if (first != EXTENT_NONE)
		host_assert(first % align == 0 && before <= first);
	host_assert(host_stray || first == EXTENT_NONE || !before ||
		    (!r->taken[first - before] &&
		     (first == before || r->taken[first - before - 1])));
	region_took(r, first, nr, want);
}

/* Take the first granules of an extent, the first one from a granule on. */
static void tree_carve(struct region *r)
{
	unsigned int first = host_choose(r->tree.nr), length, nr, end;

	end = extent_next(&r->tree, first);
	if (end == EXTENT_NONE)
		return;
	length = extent_nr_to(&r->tree, end);
	nr = 1 + host_choose(length);
	first = end - length + 1;
	dt_extent_tree_carve(&r->tree, first, nr);
	region_took(r, first, nr, first);
}

static void tree_free(struct region *r)
{
	unsigned int first = host_choose(r->tree.nr), length, nr;

	length = run_of(r, first, true);
	if (!length)
		return;
	nr = 1 + host_choose(host_one_in(2) ? length : min(length, 70U));
	dt_poison(r->memory + bytes_of(first), bytes_of(nr));
	region_free(r, first, nr);
	if (r->tree.damaged)
		repair(r);
}

/* Cut the end off, which is free. */
static void tree_cut(struct region *r)
{
	unsigned int length = 0, nr = r->tree.nr, stay;

	while (length < nr && !r->taken[nr - length - 1])
		length++;
	if (!length || nr < 100)
		return;
	stay = nr - 1 - host_choose(min(length, nr - 1));
	dt_extent_tree_cut(&r->tree, stay);
	if (r->tree.nr == stay)
		host_assert(!memchr_inv(r->ledger + stay, LEDGER_OWNED, nr - stay));
	else
		host_assert(r->tree.damaged && r->tree.nr == nr);
	if (r->tree.damaged)
		repair(r);
}

/* Make the trees again: what is hot, or a block of a quick list, stays as it is if it is to. */
static void tree_rebuild(struct region *r)
{
	unsigned int first = host_choose(r->tree.nr), nr = run_of(r, first, true);
	unsigned int kind = host_choose(3);

	nr = kind ? min(nr, 64U) : nr;
	if (!nr) {
		dt_extent_tree_rebuild(&r->tree, 0, 0, host_one_in(2));
		return;
	}
	nr = 1 + host_choose(nr);
	ledger_set(r->ledger, first, nr, LEDGER_OWNED);
	if (kind)
		ledger_mark_block(r->ledger + first, nr);
	if (kind == 2) {
		dt_poison(r->memory + bytes_of(first), bytes_of(nr));
		dt_extent_tree_rebuild(&r->tree, 0, 0, false);
		memset(r->taken + first, false, nr);
		return;
	}
	dt_extent_tree_rebuild(&r->tree, first, kind ? 0 : nr, kind);
	if (kind)
		host_assert(ledger_has_block(r->ledger + first, nr));
	ledger_set(r->ledger, first, nr, dualtree_granule());
}

static void tree_reset(struct region *r)
{
	dt_extent_tree_reset(&r->tree);
	memset(r->taken, false, r->tree.nr);
}

/* Write to a node: anything, a granule, or the node of another extent. */
static void tree_stray(struct region *r)
{
	unsigned int last = extent_next(&r->tree, host_choose(r->tree.nr));
	u64 value;

	if (last == EXTENT_NONE)
		return;
	value = host_one_in(2) ? host_choose(r->tree.nr) :
				 extent_next(&r->tree, host_choose(r->tree.nr));
	if (host_one_in(8))
		value = host_random();
	host_scribble(r->memory + bytes_of(last) + 4 * host_choose(4), value | value << 32, 4);
}

static void tree_step(struct region *r)
{
	switch (host_choose(16)) {
	case 0:
	case 1:
	case 2:
		tree_alloc(r);
		break;
	case 3:
		tree_alloc_run(r);
		break;
	case 4:
		tree_alloc_aligned(r);
		break;
	case 5:
		tree_carve(r);
		break;
	case 6:
		if (host_one_in(8))
			tree_cut(r);
		break;
	case 7:
		if (host_one_in(4))
			tree_rebuild(r);
		break;
	case 8:
		if (host_one_in(32))
			tree_reset(r);
		else if (host_stray)
			tree_stray(r);
		break;
	default:
		tree_free(r);
	}
}

static unsigned int count_free(const struct region *r)
{
	unsigned int at, nr = 0;

	for (at = 0; at < r->tree.nr; at++)
		nr += !r->taken[at];
	return nr;
}

void host_tree_step(void)
{
	static const unsigned int sizes[] = { 64, 512, 1500, GRANULES };

	host_ops++;
	if (!region.tree.nr)
		region_begin(&region, 1 + host_choose(sizes[host_choose(ARRAY_SIZE(sizes))]));
	tree_step(&region);
	if (!host_stray) {
		host_assert(dt_extent_tree_check(&region.tree));
		host_assert(extent_tree_largest(&region.tree) == largest_run(&region));
	}
	host_assert(region.tree.nr_free == count_free(&region));
	if (host_one_in(400))
		region_end(&region);
}

void host_tree_end(void)
{
	if (region.tree.nr)
		region_end(&region);
}

/*
 * A stray link leads from one large extent to another one, which is too short for the request. That
 * one was handed out, with what is live after it.
 */
static void link_to_short_extent(void)
{
	struct dt_extent *root;
	struct region *r = &region;
	unsigned int i;

	region_begin(r, 1024);
	region_free(r, 0, 100);
	region_free(r, 101, 300);
	region_free(r, 402, 60);
	root = extent_node(&r->tree, 99);
	for (i = 0; i < EXTENT_CHILDREN; i++)
		if (root->child[i] == EXTENT_NONE)
			root->child[i] = 461;
	i = dt_extent_tree_alloc(&r->tree, 200);
	host_assert(i == 101 || (i == EXTENT_NONE && r->tree.damaged));
	region_end(r);
}

/*
 * Stray links make a chain of large extents that is deeper than a tree may be, by one: the search
 * ends before that one, with the best of the others.
 */
static void chain_too_deep(void)
{
	const unsigned int step = 100, nr = 70;
	struct region *r = &region;
	unsigned int i, depth;
	struct dt_extent *node;
	u64 want;
	int bit;

	region_begin(r, 2048);
	want = extent_key(&r->tree, true, 0, nr);
	bit = extent_key_top(&r->tree, true);
	depth = bit / EXTENT_KEY_BITS + 2;
	/* Each is shorter by one than the one before. */
	for (i = 0; i <= depth; i++)
		region_free(r, i * step, step - 1 - i);
	for (i = 0; i < depth; i++, bit -= EXTENT_KEY_BITS) {
		node = extent_node(&r->tree, (i + 1) * step - 2 - i);
		memset(node, 0xff, sizeof(*node));
		node->child[bit < 0 ? 0 : extent_child(want, bit)] = (i + 2) * step - 3 - i;
	}
	host_assert(dt_extent_tree_alloc(&r->tree, nr) == (depth - 1) * step);
	host_assert(!r->tree.damaged);
	region_end(r);
}

/* A word of the node of one of the case's extents, and what is written to it at some point. */
static u32 *stray_word;
static u32 stray_value;
static bool stray_done;

static void stray_point(void)
{
	host_points = LONG_MAX;
	host_scribble((u8 *)stray_word, stray_value, sizeof(stray_value));
	stray_done = true;
}

/* What the calls below hand out is free, and all of it. */
static void took_free(struct region *r, unsigned int first, unsigned int nr)
{
	if (first == EXTENT_NONE)
		return;
	host_assert(first + nr <= r->tree.nr && run_of(r, first, false) >= nr);
	memset(r->taken + first, true, nr);
	ledger_set(r->ledger, first, nr, DT_GRANULE);
}

/* One call, the @nth point of which is the stray write. Return: false if it has no such point. */
static bool stray_in_call(unsigned int call, unsigned int last, unsigned int word, u32 value,
			  long nth)
{
	unsigned int first = EXTENT_NONE, nr = 200, before;
	struct region *r = &region;

	region_begin(r, 1024);
	region_free(r, 0, 100);
	region_free(r, 101, 300);
	region_free(r, 402, 60);
	region_free(r, 463, 57);
	region_free(r, 521, 40);
	region_free(r, 562, 40);
	stray_word = &extent_node(&r->tree, last)->child[word];
	stray_value = value;
	stray_done = false;
	host_interrupt = stray_point;
	host_points = nth;
	if (call == 0)
		first = dt_extent_tree_alloc(&r->tree, nr);
	else if (call == 1)
		first = dt_extent_tree_alloc(&r->tree, nr = 58);
	else if (call == 2)
		first = dt_extent_tree_alloc(&r->tree, nr = 35);
	else if (call == 3)
		first = dt_extent_tree_alloc_run(&r->tree, 70, 280, &nr);
	else if (call == 4)
		first = dt_extent_tree_alloc_aligned(&r->tree, nr = 61, 8 * DT_GRANULE, &before);
	else
		region_free(r, call == 5 ? 462 : 561, 1);
	host_points = LONG_MAX;
	took_free(r, first, nr);
	dt_extent_tree_rebuild(&r->tree, 0, 0, false);
	host_assert(dt_extent_tree_check(&r->tree) && r->tree.nr_free == count_free(r));
	region_end(r);
	return stray_done;
}

/*
 * A stray write to each word of each node, at each point of a call: also after a link was found to
 * be right and before it is read once more.
 */
static void stray_at_each_point(void)
{
	static const u32 lasts[] = { 99, 400, 461, 519, 560, 601 };
	static const u32 values[] = { 99, 400, 461, 519, 560, 601, 50, 101, 1023, 5000, ~0U };
	unsigned int call, i, j, word;
	long nth;

	for (call = 0; call < 7; call++)
		for (i = 0; i < ARRAY_SIZE(lasts) * EXTENT_CHILDREN; i++)
			for (j = 0; j < ARRAY_SIZE(values); j++) {
				word = i % EXTENT_CHILDREN;
				for (nth = 1; stray_in_call(call, lasts[i / EXTENT_CHILDREN], word,
							    values[j], nth); nth++)
					;
			}
}

void host_tree_cases(void)
{
	link_to_short_extent();
	chain_too_deep();
	stray_at_each_point();
}
