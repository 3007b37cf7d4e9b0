/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Wrong on purpose, once: to see that it is found.
 */
#ifndef TORTURE_INJECT_H
#define TORTURE_INJECT_H

/* Return: 0, or -EINVAL if there is no such way to be wrong. */
int inject_parse(const char *name);

/* Be wrong, if that is wanted and has not been yet; nobody acts. */
void inject_now(void);

#endif /* TORTURE_INJECT_H */
