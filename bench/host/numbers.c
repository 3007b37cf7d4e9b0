// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers of a trace's objects. The one that was given back last is the next to be given out.
 */
#include "kernel.h"

#include "tool.h"

#define NONE	U32_MAX

struct number {
	u32 live;	/* its bytes that are; 0: the number is not in use */
	u32 next;	/* the number that is given out after this one, if it is not in use */
	u64 start;	/* where its bytes begin */
};

static struct number *numbers;
static u32 room, nr, unused = NONE;

u32 number_take(u32 size, u64 start)
{
	u32 number = unused;

	if (number != NONE) {
		unused = numbers[number].next;
	} else {
		if (nr == room) {
			room = room ? 2 * room : 1024;
			numbers = got(realloc(numbers, room * sizeof(*numbers)));
		}
		number = nr++;
	}
	numbers[number].live = size;
	numbers[number].start = start;
	return number;
}

u64 number_start(u32 number)
{
	return numbers[number].start;
}

/* Frees @len bytes of an object. */
void number_release(u32 number, u32 len)
{
	numbers[number].live -= len;
	if (numbers[number].live)
		return;
	numbers[number].next = unused;
	unused = number;
}
