/* SPDX-License-Identifier: GPL-2.0 */
/*
 * load_once(): READ_ONCE(), for a value that is used once.
 *
 * The compiler does not fold a volatile access into the instruction that uses it, so READ_ONCE()
 * costs one instruction more. READ_ONCE() prevents that a value is loaded twice or in parts. A
 * value that one expression uses once is not loaded twice, and no compiler that builds kernels
 * loads a byte or an aligned word in parts. No load crosses a barrier().
 *
 * Under KCSAN it is READ_ONCE(), which marks the access as one that may race.
 */
#ifndef DUALTREE_COMPAT_ONCE_H
#define DUALTREE_COMPAT_ONCE_H

#include <linux/compiler.h>

#ifdef __SANITIZE_THREAD__
#define load_once(x)	READ_ONCE(x)
#else
#define load_once(x)	(x)
#endif

#endif /* DUALTREE_COMPAT_ONCE_H */
