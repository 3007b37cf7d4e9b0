/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gfp flags that open the kernel's emergency reserve. Up to 6.2 __GFP_ATOMIC is one of
 * them.
 */
#ifndef DUALTREE_COMPAT_GFP_H
#define DUALTREE_COMPAT_GFP_H

#include <linux/gfp.h>

#ifdef __GFP_ATOMIC
#define DT_GFP_EMERGENCY	(__GFP_HIGH | __GFP_ATOMIC | __GFP_MEMALLOC)
#else
#define DT_GFP_EMERGENCY	(__GFP_HIGH | __GFP_MEMALLOC)
#endif

#endif /* DUALTREE_COMPAT_GFP_H */
