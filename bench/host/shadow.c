// SPDX-License-Identifier: GPL-2.0
/*
 * A hash table of pages, which come to be when they are first looked at.
 */
#include "kernel.h"

#include "tool.h"

#define PAGE_BITS	12
#define PAGE_BYTES	BIT(PAGE_BITS)
#define HASH_BITS	16

struct page {
	u64 number;				/* its address, in pages */
	struct page *next;			/* of the same hash */
	struct shadow bytes[PAGE_BYTES];
};

static struct page *table[BIT(HASH_BITS)];
static struct page *last;

static struct page *find(u64 number)
{
	struct page **head = &table[number * 0x9e3779b97f4a7c15ull >> (64 - HASH_BITS)];
	struct page *page;

	for (page = *head; page; page = page->next)
		if (page->number == number)
			return page;
	page = allocate(sizeof(*page));
	page->number = number;
	page->next = *head;
	*head = page;
	return page;
}

/* What is known of the byte at an address. */
struct shadow *shadow_of(u64 address)
{
	u64 number = address >> PAGE_BITS;

	if (!last || last->number != number)
		last = find(number);
	return &last->bytes[address & (PAGE_BYTES - 1)];
}

/* Bytes that wait for a free which has not come. */
u64 shadow_owed(void)
{
	struct page *page;
	unsigned int i, j;
	u64 owed = 0;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		for (page = table[i]; page; page = page->next)
			for (j = 0; j < PAGE_BYTES; j++)
				owed += page->bytes[j].owed;
	return owed;
}
