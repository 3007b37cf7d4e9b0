// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers of a trace's objects; see numbers.h. The one that was given back last is the next
 * to be given out.
 */
#include "kernel.h"

#include "numbers.h"

#define NONE	U32_MAX

/**
 * struct number - of an object
 * @live: its bytes that are; 0: the number is not in use
 * @next: the number that is given out after this one, if it is not in use
 */
struct number {
	u32 live;
	u32 next;
};

static struct number *numbers;
static u32 room, nr, unused = NONE;

static void make_room(void)
{
	if (nr < room)
		return;
	room = room ? 2 * room : 1024;
	numbers = realloc(numbers, room * sizeof(*numbers));
	if (!numbers) {
		perror("trace_tool");
		exit(2);
	}
}

/**
 * number_take() - a number for an object
 * @size: its bytes
 */
u32 number_take(u32 size)
{
	u32 number = unused;

	if (number != NONE) {
		unused = numbers[number].next;
	} else {
		make_room();
		number = nr++;
	}
	numbers[number].live = size;
	return number;
}

/**
 * number_release() - free bytes of an object
 * @number: the object's
 * @len: how many
 */
void number_release(u32 number, u32 len)
{
	numbers[number].live -= len;
	if (numbers[number].live)
		return;
	numbers[number].next = unused;
	unused = number;
}
