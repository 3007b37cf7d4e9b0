// SPDX-License-Identifier: GPL-2.0
/*
 * Objects: live bytes with known contents.
 *
 * Every byte holds a value that follows from its address and the object's key. So an object can
 * be cut anywhere, and each part is checked by itself, before it is freed.
 *
 *	| header | pattern ...                  |	in a slot or in the pipe: packed
 *	| pattern ...                           |	owned by a worker
 *
 * A slot holds an address and nothing else; length and key are in the header, which object_pack()
 * writes over the first bytes.
 *
 * An object has one owner, which got it by an xchg(): its bytes need no marked accesses, and a
 * race on them is what the torture looks for. Any context, NMI included.
 */
#include <linux/align.h>
#include <linux/kernel.h>
#include <linux/sizes.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <dualtree/dualtree.h>

#include "torture.h"

/* What dualtree aligns every allocation to, in bytes: a granule. */
#define ALIGN_MIN	64

/**
 * struct header - the first bytes of a packed object
 * @magic: what follows from the address, @len and @key
 * @len: of the object
 * @key: of the object
 */
struct header {
	u64 magic;
	u32 len;
	u32 key;
};

static_assert(sizeof(struct header) == OBJECT_LEN_MIN);

/* The pattern of the eight bytes at a multiple of eight; the lowest byte comes first in memory. */
static u64 pattern_word(unsigned long addr, u32 key)
{
	u64 x = (addr >> 3) * 0x9e3779b97f4a7c15ULL + key * 0xc2b2ae3d27d4eb4fULL;

	return x ^ x >> 32;
}

static u8 pattern_byte(unsigned long addr, u32 key)
{
	return pattern_word(addr, key) >> 8 * (addr % 8);
}

/* Does a whole word of the pattern begin at @at? */
static bool is_word(const u8 *at, const u8 *end)
{
	return IS_ALIGNED((unsigned long)at, 8) && end - at >= 8;
}

/* Write the pattern to the bytes from @start up to @end. */
void object_fill(const struct object *obj, size_t start, size_t end)
{
	u8 *at = obj->ptr + start, *stop = obj->ptr + end;

	while (at < stop) {
		if (is_word(at, stop)) {
			*(__le64 *)at = cpu_to_le64(pattern_word((unsigned long)at, obj->key));
			at += 8;
		} else {
			*at = pattern_byte((unsigned long)at, obj->key);
			at++;
		}
	}
}

/* Check the first @len bytes, which were filled at @from. Return: true if they are unchanged. */
bool object_check_moved(const struct object *obj, const u8 *from, size_t len, const char *name)
{
	const u8 *at = obj->ptr, *stop = at + len;
	unsigned long addr = (unsigned long)from;
	size_t same;

	for (; at < stop; at += same, addr += same) {
		if (is_word(at, stop) && IS_ALIGNED(addr, 8) &&
		    *(__le64 *)at == cpu_to_le64(pattern_word(addr, obj->key)))
			same = 8;
		else if (*at == pattern_byte(addr, obj->key))
			same = 1;
		else
			break;
	}
	if (at == stop)
		return true;
	torture_fail("%s: byte %zd of %zu is %02x, expected %02x (key %08x, on CPU %d)", name,
		     at - obj->ptr, obj->len, *at, pattern_byte(addr, obj->key), obj->key,
		     raw_smp_processor_id());
	return false;
}

bool object_check(const struct object *obj, const char *name)
{
	return object_check_moved(obj, obj->ptr, obj->len, name);
}

static u64 header_magic(const u8 *ptr, const struct header *header)
{
	return pattern_word((unsigned long)ptr, header->key) + header->len;
}

/* Return: the address by which object_unpack() finds it. @obj->len >= OBJECT_LEN_MIN. */
u8 *object_pack(const struct object *obj)
{
	struct header header = { .len = obj->len, .key = obj->key };

	header.magic = header_magic(obj->ptr, &header);
	memcpy(obj->ptr, &header, sizeof(header));
	return obj->ptr;
}

/* Unpack and check. Return: false if the header is wrong. */
bool object_unpack(struct object *obj, u8 *ptr, const char *name)
{
	struct header header;

	memcpy(&header, ptr, sizeof(header));
	if (header.magic != header_magic(ptr, &header)) {
		torture_fail("%s: a header (%u bytes, key %08x) has magic %llx, expected %llx",
			     name, header.len, header.key, header.magic,
			     header_magic(ptr, &header));
		return false;
	}
	*obj = (struct object) { ptr, header.len, header.key };
	object_fill(obj, 0, sizeof(header));
	object_check(obj, name);
	return true;
}

/* Of 64 sizes, half are anything; the others are those of packets, messages and key frames. */
size_t object_pick_size(struct worker *w)
{
	struct rnd_state *rnd = &w->rnd;
	u32 kind = random_below(rnd, 64), size;

	if (kind < 32)
		size = random_log(rnd, 64, 6);
	else if (kind < 44)
		size = random_between(rnd, 1200, 1450);	/* video */
	else if (kind < 52)
		size = random_between(rnd, 160, 400);	/* audio */
	else if (kind < 60)
		size = random_between(rnd, 80, 1300);	/* datagrams */
	else if (kind < 63)
		size = random_between(rnd, 2000, 20000);	/* messages */
	else
		size = random_between(rnd, 40000, 120000);	/* key frames */
	return min_t(size_t, size, w->size_max);
}

/* Account for an allocation, and check that it is cleared if it has to be. */
void object_init(struct worker *w, struct object *obj, void *ptr, size_t size, bool zeroed)
{
	instance_account(w->inst, size);
	*obj = (struct object) { ptr, size, prandom_u32_state(&w->rnd) };
	if ((zeroed || w->inst->zeroed) && memchr_inv(ptr, 0, size))
		torture_fail("%s: an allocation of %zu bytes is not cleared", w->inst->name, size);
}

/* Allocate @size bytes and fill the first @filled. Return: false on OOM. */
bool object_alloc(struct worker *w, struct object *obj, size_t size, size_t align, size_t filled)
{
	gfp_t zero = one_in(w, 8) ? __GFP_ZERO : 0;
	void *ptr = align ? dualtree_alloc_aligned(w->inst->dt, size, align, w->gfp | zero) :
			    dualtree_alloc(w->inst->dt, size, w->gfp | zero);

	count_event(w->context, ptr ? ALLOCS : FAILED_ALLOCS);
	if (!ptr)
		return false;
	if (!IS_ALIGNED((unsigned long)ptr, max_t(size_t, align, ALIGN_MIN)))
		torture_fail("%s: %zu bytes are not aligned to %zu", w->inst->name, size,
			     max_t(size_t, align, ALIGN_MIN));
	object_init(w, obj, ptr, size, zero);
	object_fill(obj, 0, filled);
	return true;
}

/* Return: how many there are in @ptrs, up to @nr. */
unsigned int object_alloc_bulk(struct worker *w, size_t size, unsigned int nr, void **ptrs)
{
	unsigned int got = dualtree_alloc_bulk(w->inst->dt, size, w->gfp, nr, ptrs);

	if (got > nr)
		torture_fail("%s: got %u, asked for %u", w->inst->name, got, nr);
	count_event(w->context, got == nr ? ALLOCS : FAILED_ALLOCS);
	return got;
}

/* Accounted for before it is freed: after that, it may be another worker's, which accounts too. */
void object_free_range(struct worker *w, u8 *ptr, size_t len)
{
	int err;

	instance_account(w->inst, -(long)len);
	count_event(w->context, FREES);
	err = dualtree_free(w->inst->dt, ptr, len);
	if (err)
		torture_fail("%s: a free of %zu bytes in %s was refused: %d, expected 0",
			     w->inst->name, len, context_names[w->context], err);
}

void object_free(struct worker *w, const struct object *obj, size_t start, size_t end)
{
	if (start < end)
		object_free_range(w, obj->ptr + start, end - start);
}

/* Free all but the first @len bytes, by dualtree_trim(). */
void object_trim(struct worker *w, struct object *obj, size_t len)
{
	int err;

	instance_account(w->inst, (long)len - (long)obj->len);
	count_event(w->context, FREES);
	err = dualtree_trim(w->inst->dt, obj->ptr, obj->len, len);
	if (err)
		torture_fail("%s: a trim of %zu bytes to %zu was refused: %d, expected 0",
			     w->inst->name, obj->len, len, err);
	obj->len = len;
}

/* Free ranges of @bytes bytes in all, in one call. */
void object_free_ranges(struct worker *w, const struct dualtree_range *ranges, unsigned int nr,
			size_t bytes)
{
	int err;

	instance_account(w->inst, -(long)bytes);
	count_event(w->context, FREES);
	err = dualtree_free_bulk(w->inst->dt, ranges, nr);
	if (err)
		torture_fail("%s: a free of %zu bytes in %u ranges was refused: %d, expected 0",
			     w->inst->name, bytes, nr, err);
}

/* Return: where @obj is with @len bytes, or NULL if it is as it was. */
u8 *object_resize(struct worker *w, const struct object *obj, size_t len)
{
	u8 *ptr;

	if (len > obj->len && one_in(w, 2)) {
		if (!dualtree_extend(w->inst->dt, obj->ptr, obj->len, len))
			return NULL;
		count_event(w->context, EXTENDED);
		return obj->ptr;
	}
	ptr = dualtree_realloc(w->inst->dt, obj->ptr, obj->len, len, w->gfp);
	count_event(w->context, ptr ? ALLOCS : FAILED_ALLOCS);
	return ptr;
}

static u8 **pick_slot(struct worker *w)
{
	return &w->inst->slots[pick_below(w, w->inst->nr_slots)];
}

/* Leave an object in a slot and free the one that was there. One that is too small is freed. */
void object_leave(struct worker *w, const struct object *obj)
{
	struct object old;
	u8 *ptr;

	if (obj->len < OBJECT_LEN_MIN) {
		object_free(w, obj, 0, obj->len);
		return;
	}
	/* Orders the accesses to both objects: ours before it, those of the other after it. */
	ptr = xchg(pick_slot(w), object_pack(obj));
	if (ptr && object_unpack(&old, ptr, w->inst->name))
		object_free(w, &old, 0, old.len);
}

/* Take an object from a slot. Return: false if there is none. */
bool object_take(struct worker *w, struct object *obj)
{
	u8 *ptr = xchg(pick_slot(w), NULL);

	return ptr && object_unpack(obj, ptr, w->inst->name);
}

/* Quiesced: check and free what is in the slots. */
void objects_free_all(struct instance *inst)
{
	struct worker w = { .context = IN_TASK, .inst = inst };
	struct object obj;
	unsigned int i;

	for (i = 0; i < inst->nr_slots; i++) {
		u8 *ptr = xchg(&inst->slots[i], NULL);

		if (ptr && object_unpack(&obj, ptr, inst->name))
			object_free(&w, &obj, 0, obj.len);
	}
}
