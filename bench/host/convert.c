// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a trace file of a driver's record: of the events that scripts/guest/record.sh has read
 * from the kernel, in the order in which the kernel stamped them.
 *
 * An allocation is stamped before its caller has it, so before anything of it is freed. A free
 * is stamped when it has happened, and by then another CPU may have been given the same memory:
 *
 *	CPU 0		free(A) takes effect  .................  is stamped
 *	CPU 1				alloc(B) = A's bytes, stamped
 *
 * So an allocation of bytes that are live says that a free of them has happened whose stamp is
 * still to come. The free is put where it must have been, right before the allocation, and the
 * bytes owe one: the next free of them pays for that and does nothing else. That one may be A's
 * or, if B was as quick, B's own, which does not matter: byte for byte the trace has as many
 * allocations and frees as the record, each in its place.
 *
 * When a region goes back to the pool nothing in it is live: what an instance is destroyed with
 * is freed there. A stamp that comes after that is excused, until the bytes are allocated
 * again.
 *
 * A free of bytes of several objects becomes one of each. What an allocation is extended by
 * is an object of its own, since that is how it is traced, and may be freed together with it.
 */
#include "kernel.h"

#include "tool.h"

#define FIRST_LINE	"# dualtree-record 1\n"
#define LAST_LINE	"# end\n"

/* One line of a record. */
struct event {
	const char *what;	/* the event's name, as far as the underscore */
	unsigned int cpu;	/* where it was */
	u64 address;		/* of the first byte */
	u64 len;
};

static const char *record_path;
static u64 line, ops, late_bytes, late_stamps, excused_bytes;
static bool late_frees;

static bool wrong(const char *what)
{
	fprintf(stderr, "%s:%llu: %s\n", record_path, line, what);
	return false;
}

/* Reads the number after the last @key of a line, in a base. Return: false if there is none. */
static bool read_value(const char *text, const char *key, int base, u64 *value)
{
	const char *found = NULL, *at = text;
	char *end;

	while ((at = strstr(at, key))) {
		at += strlen(key);
		found = at;
	}
	if (!found)
		return false;
	*value = strtoull(found, &end, base);
	return end > found && (*end == '\n' || *end == ' ');
}

/* "TASK [CPU] ... STAMP: dualtree_EVENT: name=NAME ptr=ADDRESS size=BYTES", and the like. */
static bool read_event(const char *text, struct event *event)
{
	static const struct {
		const char *key, *address, *len;
	} kinds[] = {
		{ ": dualtree_alloc: ", " ptr=", " size=" },
		{ ": dualtree_free: ", " ptr=", " len=" },
		{ ": dualtree_region_put: ", " base=", " bytes=" },
	};
	const char *name = NULL, *cpu = NULL, *at;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds) && !name; i++)
		name = strstr(text, kinds[i].key);
	if (!name)
		return wrong("not an event");
	i--;
	/* A task's name may have brackets in it; the CPU's are the last. */
	for (at = text; at < name; at++)
		if (*at == '[')
			cpu = at + 1;
	if (!cpu || sscanf(cpu, "%u]", &event->cpu) != 1 ||
	    !read_value(name, kinds[i].address, 16, &event->address) ||
	    !read_value(name, kinds[i].len, 10, &event->len))
		return wrong("an event that is not complete");
	if (!(event->address >> 32))
		return wrong("the address is hashed: options/hash-ptr was on");
	if (!event->len || event->len > U32_MAX)
		return wrong("that many bytes cannot be");
	event->what = kinds[i].key + strlen(": dualtree_");
	return true;
}

/* Bytes of one object that are freed. */
struct run {
	u32 owner;	/* of them; 0: of no object */
	u64 first;	/* their address */
};

/* The next byte is @owner's: frees the run before it, if it is another's. */
static void run_extend(struct run *run, u32 owner, u64 address, unsigned int cpu)
{
	u32 number = run->owner - FIRST_OWNER;
	u64 len = address - run->first;

	if (owner == run->owner)
		return;
	if (run->owner) {
		printf("f %u %llu %llu %u\n", number, run->first - number_start(number), len, cpu);
		number_release(number, len);
		ops++;
	}
	*run = (struct run){ owner, address };
}

/* Frees a byte. Return: its owner; 0 if it was freed before; -1 if it never had one. */
static s64 free_byte(struct shadow *byte)
{
	u32 owner = byte->owner;

	if (byte->owed) {
		byte->owed--;
		return 0;
	}
	if (owner >= FIRST_OWNER) {
		byte->owner = OWNER_NONE;
		return owner;
	}
	if (byte->excused) {
		byte->excused--;
		excused_bytes--;
		return 0;
	}
	if (owner == OWNER_UNKNOWN && late_frees) {
		late_bytes++;
		return 0;
	}
	return -1;
}

static bool take_free(const struct event *event)
{
	u64 address = event->address, end = address + event->len;
	struct run run = { 0 };
	s64 owner;

	for (; address < end; address++) {
		owner = free_byte(shadow_of(address));
		if (owner < 0)
			return wrong(shadow_of(address)->owner == OWNER_NONE ?
				     "a free of bytes that have been freed already" :
				     "a free of bytes whose allocation is not in the record");
		run_extend(&run, owner, address, event->cpu);
	}
	run_extend(&run, 0, end, event->cpu);
	return true;
}

/*
 * Frees the live bytes of a range. The stamps of their frees are owed, or excused. Return: false
 * if there are none.
 */
static bool kill_range(const struct event *event, bool excused)
{
	u64 address = event->address, end = address + event->len;
	struct run run = { 0 };
	bool any = false;

	for (; address < end; address++) {
		struct shadow *byte = shadow_of(address);
		u32 owner = byte->owner < FIRST_OWNER ? 0 : byte->owner;

		run_extend(&run, owner, address, event->cpu);
		if (owner) {
			byte->owed += !excused;
			byte->excused += excused;
			excused_bytes += excused;
			byte->owner = OWNER_NONE;
			any = true;
		}
	}
	run_extend(&run, 0, end, event->cpu);
	return any;
}

static void take_alloc(const struct event *event)
{
	u64 i;
	u32 number;

	late_stamps += kill_range(event, false);
	number = number_take(event->len, event->address);
	for (i = 0; i < event->len; i++) {
		struct shadow *byte = shadow_of(event->address + i);

		byte->owner = number + FIRST_OWNER;
		byte->excused = 0;
	}
	printf("a %u %llu %u\n", number, event->len, event->cpu);
	ops++;
}

static bool take_line(const char *text)
{
	struct event event;

	if (!strncmp(text, "CPU:", 4) && strstr(text, " EVENTS]"))
		return wrong("events were lost");
	if (text[0] == '#') {
		/* What the record says of itself is kept. */
		fputs(text, stdout);
		return true;
	}
	if (!read_event(text, &event))
		return false;
	if (event.what[0] == 'f')
		return take_free(&event);
	if (event.what[0] == 'a')
		take_alloc(&event);
	else
		kill_range(&event, true);
	return true;
}

static bool take_record(FILE *file)
{
	char text[512];

	while (fgets(text, sizeof(text), file)) {
		line++;
		if (!strchr(text, '\n'))
			return wrong("the line is too long, or the record is truncated");
		if (line == 1 && strcmp(text, FIRST_LINE))
			return wrong("not a record of scripts/guest/record.sh");
		if (line == 1)
			puts("# dualtree-trace 1");
		else if (!strcmp(text, LAST_LINE))
			return !fgets(text, sizeof(text), file) ||
			       wrong("more follows the last line");
		else if (!take_line(text))
			return false;
	}
	return wrong("the record is truncated: it has no last line \"# end\"");
}

/* What is not wrong, but may not be expected. */
static void note(const char *what, u64 count)
{
	if (count)
		fprintf(stderr, "%s: %s: %llu\n", record_path, what, count);
}

/*
 * Writes the trace file of a record to stdout. If it began @late the driver had memory already:
 * frees of that are left out. Return: the status of the program.
 */
int convert(const char *path, bool late)
{
	FILE *file = fopen(path, "r");
	u64 owed;
	bool ok;

	record_path = path;
	late_frees = late;
	if (!file) {
		perror(path);
		return 2;
	}
	ok = take_record(file);
	fclose(file);
	if (!ok)
		return 1;
	owed = shadow_owed();
	if (owed) {
		fprintf(stderr, "%s: %llu bytes were allocated twice and freed once\n", path,
			owed);
		return 1;
	}
	note("bytes freed that had been allocated before, left out", late_bytes);
	note("allocations of memory whose free was stamped later", late_stamps);
	note("bytes live in regions that went back (an instance destroyed?)", excused_bytes);
	printf("z %llu\n", ops);
	return fflush(stdout) || ferror(stdout) ? 2 : 0;
}
