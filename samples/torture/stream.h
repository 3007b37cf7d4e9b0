/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Streams: instances that come and go while others act on them, torn down with all that
 * lives in them.
 */
#ifndef TORTURE_STREAM_H
#define TORTURE_STREAM_H

#include <linux/types.h>

struct subject;

#define NR_STREAMS	2

/* A stream, or NULL; it stays for as long as the caller is under RCU. Any context. */
struct subject *stream_any(u32 which);

/* The thread that makes them and tears them down; takes them all down before it ends. */
int stream_thread(void *unused);

unsigned long streams_torn_down(void);

#endif /* TORTURE_STREAM_H */
