// SPDX-License-Identifier: GPL-2.0
/*
 * Reads trace files; see trace_file.h.
 */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "replay.h"
#include "trace_file.h"

#define FIRST_LINE	"# dualtree-trace 1"

const char *const dt_mark_names[NR_MARKS] = {
	[MARK_STEADY] = "steady",
	[MARK_END] = "end",
	[MARK_STOPPED] = "stopped",
	[MARK_CYCLED] = "cycled",
};

static bool wrong(struct trace_file *file, const char *what)
{
	if (what && !*file->error)
		snprintf(file->error, sizeof(file->error), "%s", what);
	return !what;
}

/* The value of a header line, if it is one of @key's. */
static void read_header(const char *text, const char *key, char *value)
{
	size_t len = strlen(key);

	if (!strncmp(text, key, len) && text[len] == ' ')
		snprintf(value, TRACE_NAME_MAX, "%s", text + len + 1);
}

static bool read_comment(struct trace_file *file)
{
	if (file->begun)
		return true;
	read_header(file->text, "# name", file->name);
	read_header(file->text, "# seed", file->seed);
	if (!strcmp(file->text, "# steps"))
		file->steps = true;
	return true;
}

/* Reads a decimal number of 32 bits. Return: what comes after it, or NULL if there is none. */
static const char *read_number(const char *text, u32 *number)
{
	const char *digit;
	u64 value = 0;

	for (digit = text; *digit >= '0' && *digit <= '9'; digit++) {
		value = value * 10 + (*digit - '0');
		if (value > U32_MAX)
			return NULL;
	}
	*number = value;
	return digit > text ? digit : NULL;
}

/* The numbers after the letter, of which there are @min to @max. */
static bool read_numbers(struct trace_file *file, u32 *numbers, unsigned int min,
			 unsigned int max)
{
	const char *at = file->text + 1;
	unsigned int nr = 0;

	while (*at) {
		if (nr == max)
			return wrong(file, "more follows the numbers");
		if (*at != ' ')
			return wrong(file, "numbers are to be separated by one space");
		at = read_number(at + 1, &numbers[nr++]);
		if (!at)
			return wrong(file, "not a decimal number below 4294967296");
	}
	return nr >= min || wrong(file, "a number is missing");
}

static bool operation_done(struct trace_file *file)
{
	file->ops++;
	if (!file->steps)
		dt_replay_sample(file->replay);
	return true;
}

static bool read_alloc(struct trace_file *file)
{
	u32 n[TRACE_NUMBERS];

	return read_numbers(file, n, 2, 3) &&
	       wrong(file, dt_objects_alloc(&file->objects, file->replay, n[0], n[1])) &&
	       operation_done(file);
}

static bool read_free(struct trace_file *file)
{
	u32 n[TRACE_NUMBERS];

	return read_numbers(file, n, 3, 4) &&
	       wrong(file, dt_objects_free(&file->objects, file->replay, n[0], n[1], n[2])) &&
	       operation_done(file);
}

static bool read_step(struct trace_file *file)
{
	if (file->len > 1)
		return wrong(file, "more follows the end of a step");
	if (!file->steps)
		return wrong(file, "a step ends, but the header has no \"# steps\"");
	dt_replay_sample(file->replay);
	return true;
}

static bool read_mark(struct trace_file *file)
{
	unsigned int mark;

	for (mark = file->marks; mark < NR_MARKS; mark++) {
		if (file->text[1] == ' ' && !strcmp(file->text + 2, dt_mark_names[mark])) {
			file->marks = mark + 1;
			dt_replay_mark(file->replay, mark);
			return true;
		}
	}
	return wrong(file, "no such mark, or not in this place");
}

static bool read_last(struct trace_file *file)
{
	u32 n[TRACE_NUMBERS];

	if (!read_numbers(file, n, 1, 1))
		return false;
	if (n[0] != file->ops)
		return wrong(file, "there are not as many operations as the last line says");
	file->ended = true;
	return true;
}

static bool read_line(struct trace_file *file)
{
	if (file->line == 1)
		return !strcmp(file->text, FIRST_LINE) ||
		       wrong(file, "not a trace: the first line is to be \"" FIRST_LINE "\"");
	if (file->ended)
		return wrong(file, "more follows the last line");
	if (file->text[0] == '#')
		return read_comment(file);
	file->begun = true;
	switch (file->text[0]) {
	case 'a':
		return read_alloc(file);
	case 'f':
		return read_free(file);
	case '.':
		return read_step(file);
	case '=':
		return read_mark(file);
	case 'z':
		return read_last(file);
	case '\0':
		return wrong(file, "an empty line");
	}
	return wrong(file, "no such operation");
}

/* Sets up a file that is to be read, and replayed into @r. */
void dt_trace_file_begin(struct trace_file *file, struct replay *r)
{
	memset(file, 0, sizeof(*file));
	file->replay = r;
	/* Without marks all of it counts. */
	dt_replay_mark(r, MARK_STEADY);
}

/* Adds a byte to the line. */
static bool add_byte(struct trace_file *file, char byte)
{
	if (!file->len)
		file->line++;
	if (!byte || byte == '\r')
		return wrong(file, "a byte that is not text");
	if (file->len == TRACE_LINE_MAX)
		return wrong(file, "the line is too long");
	file->text[file->len++] = byte;
	return true;
}

static bool end_line(struct trace_file *file)
{
	if (!file->len)
		file->line++;
	file->text[file->len] = '\0';
	if (!read_line(file))
		return false;
	file->len = 0;
	return !file->replay->error || wrong(file, "the replay failed here");
}

/* Reads on. Return: false if something is wrong: @file->error and ->line say what and where. */
bool dt_trace_file_feed(struct trace_file *file, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		char byte = *text++;

		if (byte == '\n' ? !end_line(file) : !add_byte(file, byte))
			return false;
	}
	return true;
}

/* Return: false if something is missing. */
bool dt_trace_file_end(struct trace_file *file)
{
	if (file->len || !file->ended)
		return wrong(file, "the file is truncated: it has no last line \"z OPERATIONS\"");
	if (file->marks <= MARK_END)
		dt_replay_mark(file->replay, MARK_END);
	dt_objects_free_all(&file->objects, file->replay);
	return !file->replay->error || wrong(file, "the replay failed at its end");
}
