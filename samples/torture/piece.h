/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A piece: live bytes that are one owner's, all of an allocation or what is left of one.
 *
 * Every byte of it holds what follows from its address and the piece's key, so that a piece
 * can be cut anywhere and each part be checked by itself.
 *
 *	|  header  | pattern ...                           |	while it lies in a slot
 *	| pattern ...                                      |	else
 *
 * In a slot there is only its address: what else belongs to it lies in its first bytes.
 */
#ifndef TORTURE_PIECE_H
#define TORTURE_PIECE_H

#include <linux/types.h>

/**
 * struct piece - live bytes
 * @ptr: the first
 * @len: how many
 * @key: of the pattern
 */
struct piece {
	u8 *ptr;
	size_t len;
	u32 key;
};

/* What fits in a slot. */
#define PIECE_LEAST	16

/* Write the pattern to the bytes from @start up to @end. */
void piece_fill(const struct piece *p, size_t start, size_t end);

/* Return: true if all bytes are as they should be; else it has been reported. */
bool piece_check(const struct piece *p, const char *where);

/* The first @len bytes of a piece that lay at @from and was moved to @p. */
bool piece_check_moved(const struct piece *p, const u8 *from, size_t len, const char *where);

/* Put the header in, for a slot, and take it out again; @p->len is at least PIECE_LEAST. */
void piece_close(const struct piece *p);

/* Return: false if there is no sound header; then it has been reported. */
bool piece_open(struct piece *p, u8 *ptr, const char *where);

#endif /* TORTURE_PIECE_H */
