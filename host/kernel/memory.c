// SPDX-License-Identifier: GPL-2.0
/*
 * Host memory: pages out of one file, and the kernel's allocators on top of malloc() and of that.
 *
 *	alloc_pages_node()	first fit from where the last search ended; every other one that
 *				is to fail is of the emergency reserve instead
 *	kmalloc()		a page for PAGE_SIZE bytes, since dualtree maps such memory again;
 *				else malloc(), which AddressSanitizer watches
 *	vmap()			maps pages of the file once more
 *
 * Each of them fails every host_fail_every-th time. Under AddressSanitizer free pages are poisoned.
 */
#include <sys/mman.h>
#include <unistd.h>
#include <kernel.h>
#include "../../compat/kasan.h"

struct page host_pages[HOST_ALL_PAGES];
bool host_plugged;
bool host_init_on_alloc, host_init_on_free;
unsigned int host_fail_every, host_fail_nth, host_fail_above = UINT_MAX;
unsigned long host_used_pages, host_kmallocs, host_kmalloc_bytes, host_no_runs;

/* What is mapped, a hole with it. */
#define ALL_BYTES	(HOST_ALL_PAGES << PAGE_SHIFT)

static int file = -1;

/*
 * Zones: two nodes, what limited devices reach of the first one, what is plugged into the second
 * one. next_page[] is where the next search for free pages begins in each.
 */
#define ZONE_DMA32	HOST_NODES
#define ZONE_PLUGGED	(HOST_NODES + 1)
static unsigned long next_page[HOST_NODES + 2];

/* Allocations that were asked for since host_fail_every was set. */
static unsigned int asked;

bool host_must_fail(void)
{
	if (host_fail_nth && !--host_fail_nth)
		return true;
	return host_fail_every && !(++asked % host_fail_every);
}

#ifdef HOST_ASAN
#define no_asan		__attribute__((no_sanitize("address")))
#define shadow_of(addr)	((volatile u8 *)(((unsigned long)(addr) >> 3) + 0x7fff8000))

no_asan u8 *kasan_mem_to_shadow(const void *addr)
{
	static u8 copy;

	copy = *shadow_of(addr);
	return &copy;
}

/* The shadow has no shadow of its own: a loop that is not checked, and does not become memset(). */
no_asan void kasan_poison(const void *addr, size_t size, u8 value, bool init)
{
	volatile u8 *shadow = shadow_of(addr);
	size_t i, nr = DIV_ROUND_UP(size, 8);

	host_assert(!((unsigned long)addr & 7));
	for (i = 0; i < nr; i++)
		shadow[i] = value;
}
#endif

void host_memory_init(void)
{
	void *at;

	file = memfd_create("pages", 0);
	host_assert(file >= 0 && !ftruncate(file, ALL_BYTES));
	at = mmap(HOST_MEMORY, ALL_BYTES, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
	host_assert(at == HOST_MEMORY);
	dt_poison(HOST_MEMORY, HOST_BYTES);
	dt_poison(HOST_MEMORY + HOST_PLUGGED_FIRST * PAGE_SIZE,
		  (HOST_ALL_PAGES - HOST_PLUGGED_FIRST) * PAGE_SIZE);
}

/* The next allocations are as those of a new program, if as much is free. */
void host_memory_reset(void)
{
	asked = 0;
	memset(next_page, 0, sizeof(next_page));
}

static unsigned long zone_first(int zone)
{
	if (zone == ZONE_PLUGGED)
		return HOST_PLUGGED_FIRST;
	return zone == 1 ? HOST_NODE_PAGES : 0;
}

static unsigned long zone_end(int zone)
{
	if (zone == ZONE_DMA32)
		return HOST_DMA32_PAGES;
	if (zone == ZONE_PLUGGED)
		return HOST_ALL_PAGES;
	return zone ? HOST_PAGES : HOST_NODE_PAGES;
}

/* The first free run of @nr pages, aligned to it, in pages @from to @end - 1; or @end. */
static unsigned long find_free(unsigned long from, unsigned long end, unsigned long nr)
{
	unsigned long i;

	for (from = round_up(from, nr); from + nr <= end; from = round_up(i + 1, nr)) {
		for (i = from; i < from + nr; i++)
			if (host_pages[i].refs)
				break;
		if (i == from + nr)
			return from;
	}
	return end;
}

static struct page *alloc_in_zone(int zone, unsigned int order)
{
	unsigned long i, nr = 1UL << order, end = zone_end(zone);
	unsigned long first = find_free(max(next_page[zone], zone_first(zone)), end, nr);

	if (first == end)
		first = find_free(zone_first(zone), end, nr);
	if (first == end)
		return NULL;
	next_page[zone] = first + nr;
	/* Only the first page has a reference until split_page(). */
	for (i = 0; i < nr; i++)
		host_pages[first + i] = (struct page){ .refs = 1, .order = i ? 0 : order };
	host_used_pages += nr;
	return &host_pages[first];
}

/* A page of the zone and the node that are asked for, or of another node if that is allowed. */
static struct page *find_pages(int nid, gfp_t gfp, unsigned int order)
{
	struct page *page;
	int other;

	if (gfp & __GFP_DMA32)
		return nid && gfp & __GFP_THISNODE ? NULL : alloc_in_zone(ZONE_DMA32, order);
	page = nid && host_plugged ? alloc_in_zone(ZONE_PLUGGED, order) : NULL;
	if (!page)
		page = alloc_in_zone(nid, order);
	for (other = 0; !page && other < HOST_NODES && !(gfp & __GFP_THISNODE); other++)
		page = alloc_in_zone(other, order);
	return page;
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	bool fail = host_must_fail(), emergency = fail && asked & 1;
	struct page *page;
	unsigned long i;

	if (gfpflags_allow_blocking(gfp))
		host_may_sleep();
	host_assert(!in_nmi() && !(gfp & __GFP_NOFAIL));
	host_assert(!(gfp & __GFP_ACCOUNT) || host_active_memcg());
	if ((fail && !emergency) || order > host_fail_above)
		return NULL;
	page = find_pages(nid == NUMA_NO_NODE ? numa_mem_id() : nid, gfp, order);
	if (!page) {
		host_no_runs++;
		return NULL;
	}
	page->pfmemalloc = emergency;
	for (i = 0; i < 1UL << order; i++)
		page[i].gfp = gfp;
	dt_unpoison(page_address(page), PAGE_SIZE << order);
	if (want_init_on_alloc(gfp) || want_init_on_free())
		memset(page_address(page), 0, PAGE_SIZE << order);
	return page;
}

void split_page(struct page *page, unsigned int order)
{
	host_assert(page->refs && page->order == order);
	page->order = 0;
}

void get_page(struct page *page)
{
	host_assert(page->refs > 0);
	page->refs++;
}

void __free_pages(struct page *page, unsigned int order)
{
	unsigned long i;

	host_assert(page->refs > 0 && page->order == order);
	if (--page->refs)
		return;
	host_assert(!page->mapped);
	dt_poison(page_address(page), PAGE_SIZE << order);
	for (i = 1; i < 1UL << order; i++) {
		host_assert(page[i].refs == 1);
		page[i].refs = 0;
	}
	host_used_pages -= 1UL << order;
}

/* As a device writes, or code that is not checked. */
__attribute__((no_sanitize("address"))) void host_scribble(u8 *at, u64 value, unsigned int bytes)
{
	volatile u8 *to = at;
	unsigned int i;

	for (i = 0; i < bytes; i++)
		to[i] = value >> i % 8 * 8;
}

static bool is_page(const void *ptr)
{
	return (char *)ptr >= HOST_MEMORY && (char *)ptr < HOST_MEMORY + ALL_BYTES;
}

void *kmalloc(size_t size, gfp_t gfp)
{
	struct page *page;
	void *ptr;

	if (gfpflags_allow_blocking(gfp))
		host_may_sleep();
	/* Slabs are of no zone: the kernel complains. */
	host_assert(!in_nmi() && !(gfp & (GFP_ZONEMASK | __GFP_NOFAIL)));
	if (host_must_fail())
		return NULL;
	if (size == PAGE_SIZE) {
		page = alloc_in_zone(0, 0);
		if (!page) {
			host_no_runs++;
			return NULL;
		}
		ptr = page_address(page);
		dt_unpoison(ptr, PAGE_SIZE);
	} else if (posix_memalign(&ptr, L1_CACHE_BYTES, max(size, (size_t)1))) {
		return NULL;
	}
	/* What the kernel leaves in such memory is anything. */
	memset(ptr, gfp & __GFP_ZERO ? 0 : 0x5a, size);
	host_kmallocs++;
	host_kmalloc_bytes += size;
	return ptr;
}

void kfree(const void *ptr)
{
	if (!ptr)
		return;
	host_kmallocs--;
	if (is_page(ptr))
		__free_page(virt_to_page(ptr));
	else
		free((void *)ptr);
}

/* The mapping has a page before it that says how long it is. */
void *vmap(struct page **pages, unsigned int nr, unsigned long flags, int prot)
{
	size_t bytes = (nr + 1) * PAGE_SIZE;
	unsigned int i;
	char *at;

	host_may_sleep();
	if (host_must_fail())
		return NULL;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	host_assert(at != MAP_FAILED);
	*(size_t *)at = bytes;
	for (i = 0; i < nr; i++)
		host_assert(mmap(at + (i + 1) * PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED, file,
				 (pages[i] - host_pages) * PAGE_SIZE) != MAP_FAILED);
	return at + PAGE_SIZE;
}

void vunmap(const void *addr)
{
	char *at = (char *)addr - PAGE_SIZE;

	munmap(at, *(size_t *)at);
}
