/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory: pages, the kernel's allocators, and KASAN's shadow, which is AddressSanitizer's here.
 *
 * "Physical" memory is HOST_PAGES pages of a file that is mapped at HOST_MEMORY, so that vmap() can
 * map pages a second time. Its first three quarters are node 0, the rest is node 1. A device that
 * is limited reaches the first HOST_DMA32_PAGES. See memory.c.
 */
#ifndef DUALTREE_HOST_MEMORY_H
#define DUALTREE_HOST_MEMORY_H

#include "context.h"

struct device;

#define HOST_MEMORY		((char *)0x200000000000)
/* The first page's number: not 0, as on machines where memory begins elsewhere. */
#define HOST_FIRST_PFN		0x40000UL
#ifndef HOST_PAGES
#define HOST_PAGES		0x10000UL
#endif
#define HOST_BYTES		(HOST_PAGES << PAGE_SHIFT)
/* Memory of node 1 that can be plugged in: of a block of its own of the table's arrays. */
#define HOST_PLUGGED_FIRST	0x40000UL
#define HOST_ALL_PAGES		(HOST_PLUGGED_FIRST + 0x1000UL)
#define HOST_NODES		2
#define HOST_NODE_PAGES		(HOST_PAGES / 4 * 3)
#define HOST_DMA32_PAGES	(HOST_PAGES / 2)

#define MAX_NUMNODES		HOST_NODES
#define NUMA_NO_NODE		(-1)
#define N_MEMORY		0
#define for_each_online_node(nid)	for ((nid) = 0; (nid) < HOST_NODES; (nid)++)
#define for_each_node_state(nid, state)	for_each_online_node(nid)
#define node_online(nid)	((nid) >= 0 && (nid) < HOST_NODES)
#define numa_mem_id()		(host_now.cpu & 1)
#define node_start_pfn(nid)	(HOST_FIRST_PFN + ((nid) ? HOST_NODE_PAGES : 0))
#define node_end_pfn(nid)	(HOST_FIRST_PFN + (!(nid) ? HOST_NODE_PAGES : \
				 host_plugged ? HOST_ALL_PAGES : HOST_PAGES))

#define __GFP_DMA		0x1u
#define __GFP_HIGHMEM		0x2u
#define __GFP_DMA32		0x4u
#define __GFP_MOVABLE		0x8u
#define GFP_DMA32		__GFP_DMA32
#define GFP_ZONEMASK		0xfu
#define __GFP_HIGH		0x20u
#define __GFP_IO		0x40u
#define __GFP_FS		0x80u
#define __GFP_ZERO		0x100u
#define __GFP_DIRECT_RECLAIM	0x400u
#define __GFP_KSWAPD_RECLAIM	0x800u
#define __GFP_NOWARN		0x2000u
#define __GFP_RETRY_MAYFAIL	0x4000u
#define __GFP_NOFAIL		0x8000u
#define __GFP_NORETRY		0x10000u
#define __GFP_MEMALLOC		0x20000u
#define __GFP_COMP		0x40000u
#define __GFP_NOMEMALLOC	0x80000u
#define __GFP_THISNODE		0x200000u
#define __GFP_ACCOUNT		0x400000u
#define __GFP_RECLAIM		(__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL		(__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_ATOMIC		(__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_NOWAIT		(__GFP_KSWAPD_RECLAIM)
#define gfpflags_allow_blocking(gfp) (!!((gfp) & __GFP_DIRECT_RECLAIM))

/* What init_on_alloc=1 and init_on_free=1 set. */
extern bool host_init_on_alloc, host_init_on_free;

#define want_init_on_alloc(gfp)	(host_init_on_alloc || (gfp) & __GFP_ZERO)
#define want_init_on_free()	(host_init_on_free)

/**
 * struct page - a page of host memory
 * @refs: references; 0: it is free
 * @order: of the pages that it was allocated with, if it is their first one
 * @pfmemalloc: it came from the emergency reserve
 * @gfp: what it was asked for with
 * @mapped: the device that it is mapped for, or NULL
 */
struct page {
	int refs;
	unsigned int order;
	bool pfmemalloc;
	gfp_t gfp;
	struct device *mapped;
};

extern struct page host_pages[HOST_ALL_PAGES];

/* Is the memory that can be plugged in there? */
extern bool host_plugged;

#define page_to_pfn(page)	((unsigned long)((page) - host_pages) + HOST_FIRST_PFN)
#define page_address(page)	((void *)(HOST_MEMORY + (size_t)((page) - host_pages) * PAGE_SIZE))
#define virt_to_page(addr)	(&host_pages[((char *)(addr) - HOST_MEMORY) >> PAGE_SHIFT])
#define page_is_pfmemalloc(page) ((page)->pfmemalloc)
/* What a buffer refers to is a single page here. */
#define compound_head(page)	(page)
#define page_size(page)		((void)(page), PAGE_SIZE)
#define page_ref_count(page)	READ_ONCE((page)->refs)
#define host_page_is_dma32(page) ((page) < host_pages + HOST_DMA32_PAGES)

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order);
void __free_pages(struct page *page, unsigned int order);
void split_page(struct page *page, unsigned int order);
void get_page(struct page *page);

#define alloc_page(gfp)		alloc_pages_node(NUMA_NO_NODE, gfp, 0)
#define __free_page(page)	__free_pages(page, 0)
#define put_page(page)		__free_pages(page, 0)

/* Every how many calls one fails, how many it is until one does, above which order all do. */
extern unsigned int host_fail_every, host_fail_nth, host_fail_above;

void *kmalloc(size_t size, gfp_t gfp);
void kfree(const void *ptr);

#define kzalloc(size, gfp)		kmalloc(size, (gfp) | __GFP_ZERO)
#define kzalloc_node(size, gfp, nid)	((void)(nid), kzalloc(size, gfp))
#define kmalloc_array(n, size, gfp)	kmalloc((n) * (size), gfp)
#define kcalloc(n, size, gfp)		kzalloc((n) * (size), gfp)
#define kvmalloc_array(n, size, gfp)	kmalloc((n) * (size), gfp)
#define kmalloc_node(size, gfp, nid)	((void)(nid), kmalloc(size, gfp))
#define kvmalloc_node(size, gfp, nid)	((void)(nid), kmalloc(size, gfp))
#define kvfree(ptr)			kfree(ptr)

#define SMP_CACHE_BYTES			L1_CACHE_BYTES
#define SLAB_HWCACHE_ALIGN		0

/**
 * struct kmem_cache - objects of one size
 * @size: bytes of each
 */
struct kmem_cache {
	size_t size;
};

static inline struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
						   unsigned long flags, void (*ctor)(void *))
{
	struct kmem_cache *cache = kmalloc(sizeof(*cache), GFP_KERNEL);

	if (cache)
		cache->size = size;
	return cache;
}

#define kmem_cache_alloc(cache, gfp)		kmalloc((cache)->size, gfp)
#define kmem_cache_alloc_node(cache, gfp, nid)	((void)(nid), kmem_cache_alloc(cache, gfp))
#define kmem_cache_zalloc(cache, gfp)		kzalloc((cache)->size, gfp)
#define kmem_cache_free(cache, ptr)		kfree(ptr)
#define kmem_cache_destroy(cache)		kfree(cache)

#define VM_MAP			0
#define PAGE_KERNEL		0

void *vmap(struct page **pages, unsigned int nr, unsigned long flags, int prot);
void vunmap(const void *addr);

/* What is allocated by now: pages, and calls of kmalloc() without a kfree(). */
extern unsigned long host_used_pages, host_kmallocs;

/* How often no run of free pages was as long as asked for, ever. */
extern unsigned long host_no_runs;

/* Bytes that kmalloc() was asked for, ever. */
extern unsigned long host_kmalloc_bytes;

/* Write @bytes of @value, over and over, to memory that may be poisoned. */
void host_scribble(u8 *at, u64 value, unsigned int bytes);

/* Is there a cgroup that allocations are charged to, if they ask for it? See work.c. */
bool host_active_memcg(void);

void host_memory_init(void);
void host_memory_reset(void);
bool host_must_fail(void);

#if defined(__SANITIZE_ADDRESS__)
#define HOST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOST_ASAN 1
#endif
#endif

/* AddressSanitizer's shadow has KASAN's format, so the core's own poisoning is seen. */
#ifdef HOST_ASAN
#define CONFIG_KASAN_GENERIC 1
/* A copy of the byte, since the shadow itself has no shadow. */
u8 *kasan_mem_to_shadow(const void *addr);
#endif
#define kasan_reset_tag(addr)	((void *)(addr))

#endif /* DUALTREE_HOST_MEMORY_H */
