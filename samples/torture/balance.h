/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The balance: that every byte is accounted for, at quiet points and at the end; and what is
 * printed of the counts.
 */
#ifndef TORTURE_BALANCE_H
#define TORTURE_BALANCE_H

struct subject;

/* Rates since the last time, and what each CPU has done. */
void balance_progress(unsigned int seconds);

/* Nobody acts: live bytes are as they should be. */
void balance_quiet(void);

/* Nobody acts on it any more: everything is freed and goes back. May sleep. */
void balance_close(struct subject *s);

#endif /* TORTURE_BALANCE_H */
