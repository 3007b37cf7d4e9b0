// SPDX-License-Identifier: GPL-2.0
/* Choices: see test.h. */
#include "test.h"

struct host_bytes host_bytes;
u64 host_ops;

/* Any seed gives a sequence of its own: the generator's state must not be 0. */
void host_seed(u64 seed)
{
	unsigned int i;

	host_bytes = (struct host_bytes){ .state = seed * 0x9e3779b97f4a7c15 + 0x1234567 };
	host_bytes.state += !host_bytes.state;
	for (i = 0; i < 8; i++)
		host_random();
}

/* A choice by the next bytes: as many as it needs. Without any left, 0. */
u32 host_choose_byte(u32 nr)
{
	u32 value = 0, range = 1;

	while (range < nr && host_bytes.at < host_bytes.end) {
		value = value << 8 | *host_bytes.at++;
		range = range < 1U << 24 ? range << 8 : U32_MAX;
	}
	return value % nr;
}
