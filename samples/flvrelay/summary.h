/* SPDX-License-Identifier: GPL-2.0 */
/* The relay's file in debugfs. */
#ifndef FLVRELAY_SUMMARY_H
#define FLVRELAY_SUMMARY_H

struct stream;

/* For changes of what a reader of the file follows: a stream's list of senders. */
void summary_lock(void);
void summary_unlock(void);

void summary_set(struct stream *stream, unsigned int subscribers);
void summary_end(struct stream *stream);
void summary_create(void);
void summary_remove(void);

#endif /* FLVRELAY_SUMMARY_H */
