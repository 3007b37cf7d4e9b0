/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers: threads that make life hard for actors, one for each ingredient of the mix.
 */
#ifndef TORTURE_HELPERS_H
#define TORTURE_HELPERS_H

#include <linux/types.h>

/**
 * struct helper - a thread of the torture
 * @name: of the thread
 * @run: what it does until kthread_should_stop()
 */
struct helper {
	const char *name;
	int (*run)(void *unused);
};

/* In a thread: sleep for as long, or a tick more, but not when it is to stop. */
void helper_nap(unsigned int ms);

/* Return: 0 or what was wrong. May sleep. */
int helper_start(const struct helper *helper);

/* All that were started, the latest first. May sleep. */
void helpers_stop(void);

#endif /* TORTURE_HELPERS_H */
