// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of users: allocations, frees of any range, and what lies between them. Each may be nested
 * in another one, then as an interrupt, an NMI or another CPU: it does not sleep there.
 */
#include "../../buddy/fault.h"
#include "ops.h"

u32 host_sizes;

static gfp_t choose_gfp(void)
{
	gfp_t gfp = GFP_ATOMIC;

	if (!host_now.nested)
		gfp = host_one_in(4) ? GFP_NOWAIT : GFP_KERNEL;
	if (host_one_in(16))
		gfp |= __GFP_MEMALLOC;
	return host_one_in(16) ? gfp | __GFP_ZERO : gfp;
}

/* Does an instance clear what it hands out without being asked to by the call? */
static bool clears(const struct subject *s)
{
	return s->params.flags & DUALTREE_ZERO ||
	       (host_init_on_alloc && !(s->params.flags & DUALTREE_SKIP_ZERO));
}

static bool wants_zero(const struct subject *s, gfp_t gfp)
{
	return gfp & __GFP_ZERO || clears(s) || (host_init_on_free && !host_stray);
}

static size_t choose_size(const struct subject *s)
{
	size_t max = dualtree_max_size(s->dt), size;

	switch (host_sizes) {
	case 0:
		size = 1500;
		break;
	case 1:
		size = 1 + host_choose(300);
		break;
	case 2:
		size = 1 + host_choose(4096);
		break;
	case 3:
		size = SZ_16K;
		break;
	case 4:
		size = 64UL << host_choose(12);
		break;
	case 5:
		size = host_one_in(1000) ? 1 + host_choose(max) : 1 + host_choose(9000);
		break;
	default:
		/* Two sizes, so that quick lists have something to do. */
		size = host_one_in(2) ? 256 : 2048;
	}
	return min(size, max);
}

/*
 * May an allocation fail? Only where something of the round makes it, or if there was no run of
 * free pages for it: there had been @no_runs of these before.
 */
static bool may_fail(const struct subject *s, unsigned long no_runs)
{
	return host_fail_every || min(host_fail_above, buddy_fail_above) < MAX_PAGE_ORDER ||
	       s->params.limit || s->pool_params.limit || in_nmi() || host_no_runs != no_runs;
}

static bool has_room(const struct subject *s)
{
	return s->nr < PIECES_MAX - 64 && s->live < 4 * SZ_1M;
}

/* A failed allocation is counted. */
static void note_failed(struct subject *s, unsigned long no_runs)
{
	if (!may_fail(s, no_runs))
		host_fail("an allocation failed for no reason");
	host_ops++;
	s->failed++;
}

void host_op_alloc(struct subject *s)
{
	unsigned long no_runs = host_no_runs;
	size_t size = choose_size(s), align = 0;
	gfp_t gfp = choose_gfp();
	void *ptr, *place;

	if (!has_room(s))
		return;
	if (host_one_in(16))
		align = min(1UL << host_choose(16), dualtree_max_size(s->dt));
	place = align ? NULL : host_place(s, size);
	if (align)
		ptr = dualtree_alloc_aligned(s->dt, size, align, gfp);
	else if (host_one_in(32))
		ptr = dualtree_realloc(s->dt, NULL, 0, size, gfp);
	else
		ptr = dualtree_alloc(s->dt, size, gfp);
	if (!ptr) {
		note_failed(s, no_runs);
		return;
	}
	host_assert(!align || IS_ALIGNED((unsigned long)ptr, align));
	if (place && ptr != place)
		host_fail("%zu bytes at %p are not the best fit, which is %p", size, ptr, place);
	host_ops++;
	s->allocs++;
	host_piece_born(s, ptr, size, wants_zero(s, gfp));
}

void host_op_alloc_bulk(struct subject *s)
{
	unsigned long no_runs = host_no_runs;
	u32 i, got, nr = 1 + host_choose(40);
	size_t size = choose_size(s);
	gfp_t gfp = choose_gfp();
	void *ptrs[40];

	if (!has_room(s) || (host_now.nested && nr > 8) || nr * size > 4 * SZ_1M)
		return;
	got = dualtree_alloc_bulk(s->dt, size, gfp, nr, ptrs);
	host_assert(got <= nr);
	for (i = 0; i < got; i++) {
		host_ops++;
		s->allocs++;
		host_piece_born(s, ptrs[i], size, wants_zero(s, gfp));
	}
	if (got < nr)
		note_failed(s, no_runs);
}

/* Two cuts of a length: 0 <= @a < @b <= @len. */
static void choose_cuts(u32 len, u32 *a, u32 *b)
{
	*a = 0;
	*b = len;
	switch (host_choose(8)) {
	case 0:
		*b = 1 + host_choose(len);
		break;
	case 1:
	case 2:
		*a = host_choose(len);
		break;
	case 3:
		*a = host_choose(len);
		*b = *a + 1 + host_choose(len - *a);
		break;
	}
}

static struct piece part_of(const struct piece *piece, u32 from, u32 end)
{
	return (struct piece){ .ptr = piece->ptr + from, .len = end - from, .fill = piece->fill };
}

/* Free from a byte of a piece to one of the piece that begins at its end. */
static bool free_across(struct subject *s, const struct piece *piece)
{
	struct piece next = host_piece_after(s, piece);
	u32 a, b;
	size_t len;

	if (!next.len)
		return false;
	a = host_choose(piece->len);
	b = 1 + host_choose(next.len);
	len = piece->len - a + b;
	if (!dualtree_owns(s->dt, piece->ptr + a, len)) {
		/* They lie in two regions. */
		s->bad++;
		host_assert(dualtree_free(s->dt, piece->ptr + a, len) == -EINVAL);
		host_piece_add(s, next);
		return false;
	}
	host_piece_add(s, part_of(piece, 0, a));
	host_piece_add(s, part_of(&next, b, next.len));
	host_piece_dies(s, part_of(piece, a, piece->len));
	host_piece_dies(s, part_of(&next, 0, b));
	host_ops++;
	s->frees++;
	host_assert(!dualtree_free(s->dt, piece->ptr + a, len));
	return true;
}

void host_op_free(struct subject *s)
{
	struct piece piece;
	u32 a, b;
	int err;

	if (!s->nr)
		return;
	piece = host_piece_take(s);
	if (host_one_in(8) && free_across(s, &piece))
		return;
	choose_cuts(piece.len, &a, &b);
	/* The rest may be freed by others while this call runs. */
	host_piece_add(s, part_of(&piece, 0, a));
	host_piece_add(s, part_of(&piece, b, piece.len));
	host_piece_dies(s, part_of(&piece, a, b));
	host_ops++;
	s->frees++;
	if (a && b == piece.len)
		err = dualtree_trim(s->dt, piece.ptr, piece.len, a);
	else
		err = dualtree_free(s->dt, piece.ptr + a, b - a);
	if (err)
		host_fail("a free of %u live bytes at %p was refused: %d", b - a, piece.ptr + a,
			  err);
}

void host_op_free_bulk(struct subject *s)
{
	struct dualtree_range ranges[40];
	u32 nr = 1 + host_choose(40), i;

	for (i = 0; i < nr && s->nr; i++) {
		struct piece piece;

		if (host_one_in(32)) {
			ranges[i] = (struct dualtree_range){ NULL, 17 };
			continue;
		}
		piece = host_piece_take(s);
		host_piece_dies(s, piece);
		ranges[i] = (struct dualtree_range){ piece.ptr, piece.len };
		host_ops++;
		s->frees++;
	}
	host_assert(!dualtree_free_bulk(s->dt, ranges, i));
}

/*
 * Must it grow? If it needs no granule more, and nothing else lives in its last one: yes. Not known
 * in a nested context: the one that it interrupted may be freeing what else lived there.
 */
static bool must_grow(const struct piece *piece, u32 len)
{
	unsigned long mask = dualtree_granule() - 1;
	u8 *end = piece->ptr + piece->len, *granule = (u8 *)((unsigned long)(end - 1) & ~mask);

	return !host_now.nested && piece->ptr + len <= granule + mask + 1 &&
	       host_live_count(granule) == end - max(piece->ptr, granule);
}

void host_op_extend(struct subject *s)
{
	struct piece piece;
	bool grown, must;
	u32 len;

	if (!s->nr || !has_room(s))
		return;
	piece = host_piece_take(s);
	len = piece.len + (host_one_in(2) ? host_choose(64) : host_choose(4096));
	host_ops++;
	must = len == piece.len || must_grow(&piece, len);
	grown = dualtree_extend(s->dt, piece.ptr, piece.len, len);
	if (must && !grown)
		host_fail("a range of %u bytes at %p did not grow to %u", piece.len, piece.ptr,
			  len);
	host_piece_check(&piece);
	host_piece_add(s, piece);
	if (grown && len > piece.len)
		host_piece_grows(s, piece.ptr + piece.len, len - piece.len, clears(s));
}

/* A range grew in place, or has moved. */
static void realloc_done(struct subject *s, struct piece *piece, u8 *ptr, u32 len, gfp_t gfp)
{
	bool zero = gfp & __GFP_ZERO;

	if (memchr_inv(ptr, piece->fill, piece->len) ||
	    (zero && memchr_inv(ptr + piece->len, 0, len - piece->len)))
		host_fail("a range that was reallocated has other contents: %p", ptr);
	if (ptr == piece->ptr) {
		host_piece_add(s, *piece);
		host_piece_grows(s, ptr + piece->len, len - piece->len, clears(s));
		return;
	}
	s->allocs++;
	s->frees++;
	/* In this order: the new range was handed out before the old one was freed. */
	host_piece_born(s, ptr, len, false);
	host_piece_forget(s, piece);
}

static void realloc_less(struct subject *s, const struct piece *piece, u32 len, gfp_t gfp)
{
	if (len != piece->len) {
		host_piece_dies(s, part_of(piece, len, piece->len));
		s->frees++;
	}
	host_assert(dualtree_realloc(s->dt, piece->ptr, piece->len, len, gfp) == piece->ptr);
	host_piece_add(s, part_of(piece, 0, len));
}

void host_op_realloc(struct subject *s)
{
	unsigned long no_runs = host_no_runs;
	long points = host_points;
	struct piece piece;
	gfp_t gfp = choose_gfp();
	u32 len;
	u8 *ptr;

	if (!s->nr || !has_room(s))
		return;
	piece = host_piece_take(s);
	host_ops++;
	if (host_one_in(2)) {
		realloc_less(s, &piece, 1 + host_choose(piece.len), gfp);
		return;
	}
	len = min_t(size_t, piece.len + 1 + host_choose(2000), dualtree_max_size(s->dt));
	if (len <= piece.len) {
		host_piece_add(s, piece);
		return;
	}
	/* A move frees the old range, which another context could have before we know of it. */
	host_points = LONG_MAX;
	ptr = dualtree_realloc(s->dt, piece.ptr, piece.len, len, gfp);
	host_points = points;
	if (ptr) {
		realloc_done(s, &piece, ptr, len, gfp);
	} else {
		note_failed(s, no_runs);
		host_piece_add(s, piece);
	}
}
