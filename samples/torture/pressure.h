/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Short memory: what is free in the machine is taken and given back, allocations of dualtree
 * fail on purpose, and instances are made to give back what they hold.
 */
#ifndef TORTURE_PRESSURE_H
#define TORTURE_PRESSURE_H

/* The threads that do it. */
int pressure_thread(void *unused);
int fault_thread(void *unused);
int shrink_thread(void *unused);

/* Pages taken at most at one time; times that instances were shrunk; bytes that brought. */
unsigned long pressure_most(void);
unsigned long shrinks(void);
unsigned long shrink_bytes(void);

#endif /* TORTURE_PRESSURE_H */
