/* SPDX-License-Identifier: GPL-2.0 */
/* Packets: from 6.12 on one may have fragments in a device's memory, which no CPU may read. */
#ifndef DUALTREE_COMPAT_SKB_H
#define DUALTREE_COMPAT_SKB_H

#include <linux/skbuff.h>

#if !DT_HAVE_SKB_FRAGS_READABLE
static inline bool skb_frags_readable(const struct sk_buff *skb)
{
	return true;
}
#endif

#endif /* DUALTREE_COMPAT_SKB_H */
