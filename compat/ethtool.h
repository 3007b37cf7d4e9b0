/* SPDX-License-Identifier: GPL-2.0 */
/* What a driver tells ethtool: 6.8 added the call for a string that is no format. */
#ifndef DUALTREE_COMPAT_ETHTOOL_H
#define DUALTREE_COMPAT_ETHTOOL_H

#include <linux/ethtool.h>

#if !DT_HAVE_ETHTOOL_PUTS
static inline void ethtool_puts(u8 **data, const char *str)
{
	ethtool_sprintf(data, "%s", str);
}
#endif

#endif /* DUALTREE_COMPAT_ETHTOOL_H */
