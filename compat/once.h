/* SPDX-License-Identifier: GPL-2.0 */
/*
 * load_once(): READ_ONCE(), for a value that is used once.
 *
 * The compiler does not fold a volatile access into the instruction that uses it, so each
 * READ_ONCE() costs an instruction more. What it is there to prevent is that a value is
 * loaded twice, or in parts. A value that one expression uses once is not loaded twice, and
 * no compiler that builds kernels loads an aligned word, or any byte, in parts. Nor does it
 * load before or after a barrier() what the source loads behind or in front of it.
 *
 * KCSAN has to be told which accesses are meant to race.
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
