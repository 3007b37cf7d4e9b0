// SPDX-License-Identifier: GPL-2.0
/*
 * dualtree-top: what instances of dualtree hold, as slabtop shows it of slabs. Reads the file
 * dualtree/instances in debugfs again and again, sorts it, and shows as much as the terminal has
 * room for. Once, to a file or a pipe, or with -o.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define LIST_PATH	"/sys/kernel/debug/dualtree/instances"

/* Columns that the kernel's file has before the name. */
enum column { HELD, LIVE, FREE, IN_FLIGHT, SPARE, RECORDS, REGIONS, REFUSED, DAMAGED, COLUMNS };

/**
 * struct instance - a line of the file
 * @value: its numbers
 * @name: the instance's name
 */
struct instance {
	unsigned long long value[COLUMNS];
	char name[64];
};

/**
 * struct list - the lines of one reading
 * @nr: number of lines
 * @room: lines that @instances has room for
 * @instances: the lines
 */
struct list {
	size_t nr;
	size_t room;
	struct instance *instances;
};

/* By what lines are sorted: its key in the terminal and for -s, and its column; COLUMNS is none. */
static const struct order {
	char key;
	const char *what;
	enum column column;
} orders[] = {
	{ 'h', "bytes held", HELD },
	{ 'l', "bytes live", LIVE },
	{ 'r', "held for each byte live", COLUMNS },
	{ 'i', "bytes in flight to their owner", IN_FLIGHT },
	{ 'p', "bytes of spares", SPARE },
	{ 'e', "refused frees", REFUSED },
	{ 'd', "damage found", DAMAGED },
	{ 'n', "name", COLUMNS },
};

static const struct order *order = orders;
static const char *path = LIST_PATH;
static struct termios terminal_before;
static bool terminal_is_raw;

static void die(const char *what)
{
	fprintf(stderr, "dualtree-top: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Bytes held, with records, for a byte that is live. What has nothing live comes first. */
static double ratio(const struct instance *i)
{
	double all = i->value[HELD] + i->value[RECORDS];

	return i->value[LIVE] ? all / i->value[LIVE] : all * 1e6;
}

static int order_numbers(double x, double y)
{
	return (x < y) - (x > y);
}

static int compare(const void *a, const void *b)
{
	const struct instance *x = a, *y = b;

	if (order->key == 'n')
		return strcmp(x->name, y->name);
	if (order->key == 'r')
		return order_numbers(ratio(x), ratio(y));
	return order_numbers(x->value[order->column], y->value[order->column]);
}

/* Return: false if the line is not what debugfs.c writes. */
static bool parse_line(const char *line, struct instance *i)
{
	unsigned long long *v = i->value;

	return sscanf(line, "%llu %llu %llu %llu %llu %llu %llu %llu %llu %63[^\n]", &v[HELD],
		      &v[LIVE], &v[FREE], &v[IN_FLIGHT], &v[SPARE], &v[RECORDS], &v[REGIONS],
		      &v[REFUSED], &v[DAMAGED], i->name) == COLUMNS + 1;
}

static void list_read(struct list *list)
{
	FILE *file = fopen(path, "r");
	char line[512];

	if (!file)
		die(path);
	list->nr = 0;
	while (fgets(line, sizeof(line), file)) {
		if (list->nr == list->room) {
			list->room = 2 * list->room + 64;
			list->instances = realloc(list->instances,
						  list->room * sizeof(*list->instances));
			if (!list->instances)
				die("memory");
		}
		if (*line == '#')
			continue;
		if (!parse_line(line, &list->instances[list->nr++])) {
			fprintf(stderr, "dualtree-top: %s is of another version: %s", path, line);
			exit(1);
		}
	}
	if (ferror(file))
		die(path);
	fclose(file);
	qsort(list->instances, list->nr, sizeof(*list->instances), compare);
}

/* Bytes in seven columns: 999B, 9.9K, 999M. */
static const char *bytes(unsigned long long value, char *text)
{
	static const char units[] = "BKMGTP";
	double v = value;
	int unit = 0;

	while (v >= 999.5 && unit < 5) {
		v /= 1024;
		unit++;
	}
	snprintf(text, 16, unit && v < 9.95 ? "%.1f%c" : "%.0f%c", v, units[unit]);
	return text;
}

static void show_sum(const struct list *list, const char *eol)
{
	unsigned long long sum[COLUMNS] = {};
	char held[16], live[16], records[16], flight[16];
	size_t i, c;

	for (i = 0; i < list->nr; i++)
		for (c = 0; c < COLUMNS; c++)
			sum[c] += list->instances[i].value[c];
	printf("%zu instances: held %s, records %s, live %s, in flight %s%s", list->nr,
	       bytes(sum[HELD], held), bytes(sum[RECORDS], records), bytes(sum[LIVE], live),
	       bytes(sum[IN_FLIGHT], flight), eol);
}

static void show_line(const struct instance *i, int width, const char *eol)
{
	char held[16], live[16], flight[16], spare[16], records[16], line[512], times[16] = "-";

	if (i->value[LIVE])
		snprintf(times, sizeof(times), "%.2f", ratio(i));
	snprintf(line, sizeof(line), "%7s %7s %7s %7s %7s %7s %7llu %7llu %7llu %s",
		 bytes(i->value[HELD], held), bytes(i->value[LIVE], live), times,
		 bytes(i->value[IN_FLIGHT], flight), bytes(i->value[SPARE], spare),
		 bytes(i->value[RECORDS], records), i->value[REGIONS], i->value[REFUSED],
		 i->value[DAMAGED], i->name);
	printf("%.*s%s", width, line, eol);
}

static void show(const struct list *list, size_t rows, int width, const char *eol)
{
	size_t i;

	show_sum(list, eol);
	printf("%.*s%s", width,
	       "   HELD    LIVE   RATIO  FLIGHT   SPARE RECORDS REGIONS REFUSED DAMAGED NAME", eol);
	for (i = 0; i < list->nr && i < rows; i++)
		show_line(&list->instances[i], width, eol);
}

static void terminal_restore(void)
{
	if (terminal_is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
	terminal_is_raw = false;
}

/* Keys come one by one, and are not shown. Signals still end the program. */
static void terminal_raw(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal_before))
		return;
	atexit(terminal_restore);
	raw = terminal_before;
	raw.c_lflag &= ~(ICANON | ECHO);
	terminal_is_raw = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

/* Set the order to that of a key. Return: false if there is none. */
static bool order_set(char key)
{
	size_t i;

	for (i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		if (orders[i].key == key) {
			order = &orders[i];
			return true;
		}
	}
	return false;
}

/* Wait, or until a key is pressed. Return: false if the person has seen enough. */
static bool wait_for_key(double seconds)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	char key;

	if (poll(&fd, 1, seconds * 1000) <= 0)
		return errno != EINTR;
	if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')
		return false;
	order_set(key);
	return true;
}

static void watch(struct list *list, double seconds)
{
	struct winsize size;

	terminal_raw();
	do {
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
		list_read(list);
		/* Home, and clear to the end of each line, and of the screen. */
		printf("\033[H");
		show(list, size.ws_row > 4 ? size.ws_row - 4 : 1, size.ws_col, "\033[K\n");
		printf("\033[Jsorted by %c; keys: h l r i p e d n, q to quit", order->key);
		fflush(stdout);
		errno = 0;
	} while (wait_for_key(seconds));
	putchar('\n');
}

static void usage(FILE *to)
{
	size_t i;

	fprintf(to, "Usage: dualtree-top [-o] [-d SECONDS] [-n LINES] [-s KEY] [-f FILE]\n\n"
		"Shows what instances of dualtree hold, those that hold most first.\n\n"
		"  -o          once, and exit; so it is if the output is no terminal\n"
		"  -d SECONDS  between readings; default 1\n"
		"  -n LINES    at most, with -o\n"
		"  -f FILE     instead of " LIST_PATH "\n"
		"  -s KEY      sorted by another column:\n");
	for (i = 0; i < sizeof(orders) / sizeof(*orders); i++)
		fprintf(to, "              %c  %s\n", orders[i].key, orders[i].what);
}

/* The argument of an option as a number above 0. */
static double number(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (*end || !(value > 0)) {
		fprintf(stderr, "dualtree-top: %s is not above 0\n", text);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, '?' }, {} };
	bool once = !isatty(STDOUT_FILENO);
	double seconds = 1, lines = 1e9;
	struct list list = {};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "od:n:s:f:", options, NULL)) != -1) {
		if (c == 'o') {
			once = true;
		} else if (c == 'd') {
			seconds = number(optarg);
		} else if (c == 'n') {
			lines = number(optarg);
		} else if (c == 'f') {
			path = optarg;
		} else if (c != 's' || optarg[1] || !order_set(*optarg)) {
			bool asked = c == '?' && !optopt;

			usage(asked ? stdout : stderr);
			return asked ? 0 : 2;
		}
	}
	if (!once) {
		watch(&list, seconds);
		return 0;
	}
	list_read(&list);
	show(&list, lines, 511, "\n");
	return 0;
}
