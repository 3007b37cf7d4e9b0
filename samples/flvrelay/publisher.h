/* SPDX-License-Identifier: GPL-2.0 */
/* The publisher's connection. */
#ifndef FLVRELAY_PUBLISHER_H
#define FLVRELAY_PUBLISHER_H

struct stream;

void publisher_round(struct stream *stream);
void publisher_close(struct stream *stream, const char *why);

#endif /* FLVRELAY_PUBLISHER_H */
