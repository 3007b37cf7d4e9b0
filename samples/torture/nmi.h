/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NMIs: CPUs send them to themselves and to each other, and each is a turn.
 */
#ifndef TORTURE_NMI_H
#define TORTURE_NMI_H

#include <linux/types.h>

/* Return: 0 or what was wrong; -EOPNOTSUPP: there are none here. May sleep. */
int nmi_start(void);

/* Whoever calls nmi_poke() has stopped. May sleep. */
void nmi_stop(void);

/* Send one to a CPU, if any are to be sent. Any context but NMI. */
void nmi_poke(unsigned int cpu);

/* Those that came and were somebody else's. */
unsigned long nmi_foreign(void);

#endif /* TORTURE_NMI_H */
