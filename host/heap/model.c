// SPDX-License-Identifier: GPL-2.0
/* The model of instances: see model.h. */
#include "../../buddy/check.h"
#include "../../dualtree/check.h"
#include "../../dualtree/ledger.h"
#include "../../dualtree/quick.h"
#include "../../dualtree/section.h"
#include "model.h"

struct subject host_subjects[SUBJECTS];
bool host_stray;

/* A bit for each byte of host memory, and for each granule of 64 bytes the piece that begins it. */
static unsigned long live[HOST_BYTES / 64];
static u32 starts[HOST_BYTES / 64];

static size_t byte_of(const void *ptr)
{
	host_assert((char *)ptr >= HOST_MEMORY && (char *)ptr < HOST_MEMORY + HOST_BYTES);
	return (char *)ptr - HOST_MEMORY;
}

/* A range of bits: the first and the last word, and which bits of these are in it. */
struct bits {
	size_t first, last;
	unsigned long head, tail;
};

static struct bits bits_of(const void *ptr, size_t len)
{
	size_t from = byte_of(ptr), end = from + len - 1;
	struct bits b = {
		.first = from / 64, .last = end / 64,
		.head = ~0UL << from % 64, .tail = ~0UL >> (63 - end % 64),
	};

	if (b.first == b.last) {
		b.head &= b.tail;
		b.tail = b.head;
	}
	return b;
}

/* Set or clear the bits of a range, none of which may be so. */
static void live_change(const void *ptr, size_t len, bool to)
{
	unsigned long value = to ? ~0UL : 0, wrong = 0;
	struct bits b = bits_of(ptr, len);
	size_t i;

	wrong |= (live[b.first] ^ ~value) & b.head;
	live[b.first] ^= b.head;
	if (b.first != b.last) {
		for (i = b.first + 1; i < b.last; i++) {
			wrong |= live[i] ^ ~value;
			live[i] = value;
		}
		wrong |= (live[b.last] ^ ~value) & b.tail;
		live[b.last] ^= b.tail;
	}
	host_assert(!wrong);
}

bool host_live_any(const void *ptr, size_t len)
{
	struct bits b = bits_of(ptr, len);
	unsigned long any = (live[b.first] & b.head) | (live[b.last] & b.tail);
	size_t i;

	for (i = b.first + 1; i < b.last; i++)
		any |= live[i];
	return any;
}

/* Live bytes of a granule. */
unsigned int host_live_count(const void *granule)
{
	size_t i, word = byte_of(granule) / 64;
	unsigned int count = 0;

	for (i = 0; i < DT_GRANULE / 64; i++)
		count += __builtin_popcountl(live[word + i]);
	return count;
}

/* All bytes of a piece have its value. */
void host_piece_check(const struct piece *piece)
{
	if (memchr_inv(piece->ptr, piece->fill, piece->len))
		host_fail("live bytes changed: %u at %p were %#x", piece->len, piece->ptr,
			  piece->fill);
}

static bool begins_granule(const struct piece *piece)
{
	return !(byte_of(piece->ptr) % 64);
}

static void piece_place(struct subject *s, u32 index, struct piece piece)
{
	s->pieces[index] = piece;
	if (begins_granule(&piece))
		starts[byte_of(piece.ptr) / 64] = index;
}

/* Add a piece of bytes that are live already. */
void host_piece_add(struct subject *s, struct piece piece)
{
	if (!piece.len)
		return;
	host_assert(s->nr < PIECES_MAX);
	piece_place(s, s->nr++, piece);
}

static struct piece piece_remove(struct subject *s, u32 index)
{
	struct piece piece = s->pieces[index];

	if (index != --s->nr)
		piece_place(s, index, s->pieces[s->nr]);
	return piece;
}

/* Take any piece: no other context uses it meanwhile. */
struct piece host_piece_take(struct subject *s)
{
	return piece_remove(s, host_choose(s->nr));
}

/* Take the piece that begins where another one ends, if it begins a granule; or one of no bytes. */
struct piece host_piece_after(struct subject *s, const struct piece *piece)
{
	u8 *end = piece->ptr + piece->len;
	u32 index;

	if ((char *)end >= HOST_MEMORY + HOST_BYTES || byte_of(end) % 64)
		return (struct piece){ };
	index = starts[byte_of(end) / 64];
	if (index >= s->nr || s->pieces[index].ptr != end)
		return (struct piece){ };
	return piece_remove(s, index);
}

/* What is poisoned: the rest of the last granule of an allocation, from the next 8 bytes on. */
static void check_poison(const u8 *end)
{
#ifdef HOST_ASAN
	const u8 *grain = PTR_ALIGN(end, 8);

	if ((unsigned long)grain & (DT_GRANULE - 1) && *(s8 *)kasan_mem_to_shadow(grain) >= 0)
		host_fail("bytes after an allocation are not poisoned: %p", grain);
#endif
}

/* Bytes were handed out, which may be part of a granule in which others live. */
void host_piece_grows(struct subject *s, void *ptr, size_t len, bool zero)
{
	struct piece piece = { .ptr = ptr, .len = len, .fill = host_random() };

	if (host_live_any(ptr, len))
		host_fail("bytes that are live were handed out: %zu at %p", len, ptr);
	if (zero && memchr_inv(ptr, 0, len))
		host_fail("memory is not clear: %zu at %p", len, ptr);
	live_change(ptr, len, true);
	memset(ptr, piece.fill, len);
	s->live += len;
	host_piece_add(s, piece);
}

/* An allocation was handed out: none of its granules is live. */
void host_piece_born(struct subject *s, void *ptr, size_t len, bool zero)
{
	host_assert(!((unsigned long)ptr & (DT_GRANULE - 1)));
	if (host_live_any(ptr, ALIGN(len, DT_GRANULE)))
		host_fail("memory that is live was handed out: %zu at %p", len, ptr);
	host_arena_page_check(virt_to_page(ptr), s->charged);
	check_poison(ptr + len);
	host_piece_grows(s, ptr, len, zero);
}

/* A piece was freed: what it contained is another's by now. */
void host_piece_forget(struct subject *s, const struct piece *piece)
{
	live_change(piece->ptr, piece->len, false);
	s->live -= piece->len;
}

/* A piece is about to be freed: its bytes may be another's before the call returns. */
void host_piece_dies(struct subject *s, struct piece piece)
{
	host_piece_check(&piece);
	host_piece_forget(s, &piece);
}

/* An instance is gone, with all that was live. */
void host_subject_forget(struct subject *s)
{
	while (s->nr)
		host_piece_dies(s, piece_remove(s, s->nr - 1));
	host_assert(!s->live);
}

/* The counts of a region's ledger are the model's. Return: their sum. */
static u64 region_check(const struct dt_region *region)
{
	unsigned int i, count;
	u64 sum = 0;

	for (i = 0; i < region->nr; i++) {
		count = host_live_count(region_addr(region, i));
		if (ledger_live(region->ledger[i]) != count)
			host_fail("%p: the ledger has %u, the model %u bytes",
				  region_addr(region, i), region->ledger[i], count);
		sum += count;
	}
	return sum;
}

static u64 heap_check(const struct dt_heap *heap, struct dualtree_stats *stats)
{
	struct rb_node *node;
	u64 sum = 0;

	if (heap)
		host_heap_sums(heap, stats);
	for (node = heap ? rb_first(&heap->regions) : NULL; node; node = rb_next(node))
		sum += region_check(rb_entry(node, struct dt_region, node));
	return sum;
}

/* The record of a CPU's heap. */
struct cpu_heap_record {
	struct dt_heap heap;
	struct dt_quick quick;
};

/* The same of all heaps: all that is live is in one of them. */
static void check_ledger(struct subject *s, struct dualtree_stats *sums)
{
	u64 sum = heap_check(&s->dt->shared, sums);
	struct dt_heap *heap;
	int cpu;

	sums->record_bytes += sizeof(*s->dt);
	for_each_possible_cpu(cpu) {
		heap = heap_of_cpu(s->dt, cpu);
		sum += heap_check(heap, sums);
		if (heap)
			sums->record_bytes += heap->quick ? sizeof(struct cpu_heap_record) :
							    sizeof(struct dt_heap);
	}
	host_assert(sum == s->live);
}

/* What the heaps add up to is what the statistics say. */
static void check_sums(const struct dualtree_stats *stats, const struct dualtree_stats *sums)
{
	host_assert(stats->regions == sums->regions && stats->extents == sums->extents);
	host_assert(stats->spare_bytes == sums->spare_bytes);
	host_assert(stats->in_flight_bytes == sums->in_flight_bytes);
	host_assert(stats->free_bytes == sums->free_bytes);
	/* A region that was retired while it was queued is in no heap, and not put yet. */
	if (stats->region_gets - stats->region_puts == stats->regions)
		host_assert(stats->record_bytes == sums->record_bytes);
	else
		host_assert(stats->record_bytes >= sums->record_bytes);
	host_assert(stats->largest_free == sums->largest_free);
}

/* All invariants of an instance, and its statistics as the model has them. */
void host_subject_check(struct subject *s)
{
	struct dualtree_stats stats, sums = { };

	check_ledger(s, &sums);
	dualtree_get_stats(s->dt, &stats);
	check_sums(&stats, &sums);
	if (!host_stray && !dualtree_check(s->dt))
		host_fail("an instance's invariants do not hold");
	if (s->pool)
		host_assert(buddy_pool_check(s->pool));
	dualtree_get_stats(s->dt, &stats);
	host_assert(stats.live_bytes == s->live);
	host_assert(stats.allocs == s->allocs);
	host_assert(stats.frees == s->frees);
	host_assert(stats.failed_allocs == s->failed);
	host_assert(stats.bad_frees == s->bad);
	host_assert(host_stray || !stats.damaged);
	host_assert(!s->params.limit || stats.held_bytes <= s->params.limit);
	host_assert(stats.region_gets - stats.region_puts >= stats.regions);
	host_assert(stats.free_bytes + stats.live_bytes <= stats.held_bytes);
}
