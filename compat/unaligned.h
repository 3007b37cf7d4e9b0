/* SPDX-License-Identifier: GPL-2.0 */
/* get_unaligned() and put_unaligned(): 6.12 moved the header out of asm/. */
#ifndef DUALTREE_COMPAT_UNALIGNED_H
#define DUALTREE_COMPAT_UNALIGNED_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

#endif /* DUALTREE_COMPAT_UNALIGNED_H */
