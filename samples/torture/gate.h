/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate: while it is closed, no interrupt and no NMI touches an instance.
 *
 * Whoever goes in is under RCU until it comes out, so that who closes the gate knows when
 * the last is out. It is closed before the start, at quiet points and at the end. Threads
 * are parked instead.
 */
#ifndef TORTURE_GATE_H
#define TORTURE_GATE_H

#include <linux/rcupdate.h>

extern bool gate_open;

/* Any context, NMI included. Return: false if it is closed; then there is nothing to leave. */
static inline bool gate_enter(void)
{
	rcu_read_lock();
	/* Marked: gate_close() writes it at any time, and waits for who has missed that. */
	if (READ_ONCE(gate_open))
		return true;
	rcu_read_unlock();
	return false;
}

static inline void gate_leave(void)
{
	rcu_read_unlock();
}

void gate_set_open(void);

/* When it returns nobody is in. May sleep. */
void gate_close(void);

#endif /* TORTURE_GATE_H */
