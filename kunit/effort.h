/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much a suite does. Where the kernel looks at each access or lock, the same takes many
 * times as long; what is to be found there is found in less.
 */
#ifndef DUALTREE_KUNIT_EFFORT_H
#define DUALTREE_KUNIT_EFFORT_H

#include <linux/kconfig.h>

#define KERNEL_CHECKS (IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_PROVE_LOCKING) || \
		       IS_ENABLED(CONFIG_KCSAN))

#endif /* DUALTREE_KUNIT_EFFORT_H */
