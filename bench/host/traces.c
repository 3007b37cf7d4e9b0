// SPDX-License-Identifier: GPL-2.0
/*
 * The traces that can be generated.
 *
 * Single streams show what an instance of one's own costs, many in one instance what sharing
 * costs, and M, all protocols in one instance, what a server sees that has but one.
 */
#include "streams.h"

static const struct trace traces[] = {
	{ "A1", 20000, { { &reader_kind, 1 } } },
	{ "A100", 300000, { { &reader_kind, 100 } } },
	{ "A100w", 300000, { { &reader_kind, 100, READER_WAITS } } },
	{ "B1", 30000, { { &messages_kind, 1, STREAM_ALONE } } },
	{ "B20", 200000, { { &messages_kind, 20 } } },
	{ "C1", 60000, { { &packets_kind, 1, STREAM_ALONE } } },
	{ "C16", 600000, { { &packets_kind, 16 } } },
	{ "C16s", 600000, { { &packets_kind, 16, PACKETS_RESTART } } },
	{ "C16l", 1500000, { { &packets_kind, 16, PACKETS_HELD } } },
	{ "D1", 60000, { { &datagrams_kind, 1, STREAM_ALONE } } },
	{ "D20b", 300000, { { &datagrams_kind, 20, DATAGRAMS_WAIT } } },
	{ "E1k", 100000, { { &random_kind, 10, 100 } } },
	{ "E10k", 400000, { { &random_kind, 10, 1000 } } },
	{ "M", 1000000, {
		{ &reader_kind, 100, READER_WAITS },
		{ &messages_kind, 20 },
		{ &packets_kind, 16, PACKETS_RESTART },
		{ &datagrams_kind, 20, DATAGRAMS_WAIT },
	} },
};

/* Return: the trace of that name, or NULL. */
const struct trace *trace_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(traces); i++)
		if (!strcmp(traces[i].name, name))
			return &traces[i];
	return NULL;
}
