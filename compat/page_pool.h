/* SPDX-License-Identifier: GPL-2.0 */
/* page_pool: 6.6 split its header. */
#ifndef DUALTREE_COMPAT_PAGE_POOL_H
#define DUALTREE_COMPAT_PAGE_POOL_H

#if DT_HAVE_PAGE_POOL_HELPERS
#include <net/page_pool/helpers.h>
#else
#include <net/page_pool.h>
#endif

#endif /* DUALTREE_COMPAT_PAGE_POOL_H */
