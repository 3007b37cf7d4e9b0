/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pipe: a producer on one CPU allocates, a consumer on another frees, with several MiB
 * between them. What the instance holds must stay near what is in flight.
 */
#ifndef TORTURE_PIPE_H
#define TORTURE_PIPE_H

struct subject;

/* Return: 0 or what was wrong. May sleep. */
int pipe_create(void);

/* Their threads; they end up with an empty pipe. */
int pipe_producer(void *unused);
int pipe_consumer(void *unused);

/* Its instance. */
struct subject *pipe_subject(void);

/* For rates. */
unsigned long pipe_passed(void);

/* Both have stopped: prints what was held beside what was in flight, and judges it. */
void pipe_judge(void);

/* May be called although it was not made. May sleep. */
void pipe_destroy(void);

#endif /* TORTURE_PIPE_H */
