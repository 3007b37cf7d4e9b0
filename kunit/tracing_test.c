// SPDX-License-Identifier: GPL-2.0
/*
 * What can be observed of an instance: its trace events, what it prints of bad frees and of leaks.
 * Its files in debugfs are in debugfs_test.c.
 *
 * Probes are registered on the events; one on the kernel's own event `console` catches what is
 * printed. A kernel without these events skips the cases.
 */
#include <linux/ratelimit.h>
#include <linux/tracepoint.h>
#include "../dualtree/section.h"
#include "../dualtree/trace.h"
#include "fixtures/instance.h"

enum event { ALLOC, FREE, BAD_FREE, REGION_GET, REGION_PUT, CONSOLE, NR_EVENTS };

#define LINES_MAX	40
#define LINE_MAX	256

/**
 * struct seen - what the probes have seen of one instance
 * @name: of the instance
 * @count: calls of each event
 * @ptr: of the last one
 * @bytes: of the last one
 * @what: the kind of a free, the error of a wrong one
 * @lines: what was printed with the name in it
 * @nr_lines: how many
 */
struct seen {
	const char *name;
	unsigned int count[NR_EVENTS];
	const void *ptr[NR_EVENTS];
	size_t bytes[NR_EVENTS];
	int what;
	char lines[LINES_MAX][LINE_MAX];
	unsigned int nr_lines;
};

static struct seen seen;

static void see(enum event event, const char *name, const void *ptr, size_t bytes, int what)
{
	if (!seen.name || strcmp(name, seen.name))
		return;
	seen.count[event]++;
	seen.ptr[event] = ptr;
	seen.bytes[event] = bytes;
	seen.what = what;
}

static void probe_alloc(void *data, const char *name, const void *ptr, size_t size)
{
	see(ALLOC, name, ptr, size, 0);
}

static void probe_free(void *data, const char *name, const void *ptr, size_t len,
		       enum dt_free_kind kind)
{
	see(FREE, name, ptr, len, kind);
}

static void probe_bad_free(void *data, const char *name, const void *ptr, size_t len, int err)
{
	see(BAD_FREE, name, ptr, len, err);
}

static void probe_region_get(void *data, const char *name, const void *base, size_t bytes)
{
	see(REGION_GET, name, base, bytes, 0);
}

static void probe_region_put(void *data, const char *name, const void *base, size_t bytes)
{
	see(REGION_PUT, name, base, bytes, 0);
}

/* Other code prints too: only lines with the name of the instance are kept. */
static void probe_console(void *data, const char *text, size_t len)
{
	char *line = seen.lines[seen.nr_lines];

	if (!seen.name || seen.nr_lines == LINES_MAX)
		return;
	len = min_t(size_t, len, LINE_MAX - 1);
	memcpy(line, text, len);
	line[len] = 0;
	if (strstr(line, seen.name))
		seen.nr_lines++;
}

static struct {
	const char *name;
	void *probe;
	struct tracepoint *tp;
	bool registered;
} events[NR_EVENTS] = {
	[ALLOC] = { "dualtree_alloc", probe_alloc },
	[FREE] = { "dualtree_free", probe_free },
	[BAD_FREE] = { "dualtree_bad_free", probe_bad_free },
	[REGION_GET] = { "dualtree_region_get", probe_region_get },
	[REGION_PUT] = { "dualtree_region_put", probe_region_put },
	[CONSOLE] = { "console", probe_console },
};

static void __maybe_unused find_event(struct tracepoint *tp, void *unused)
{
	unsigned int i;

	for (i = 0; i < NR_EVENTS; i++)
		if (!strcmp(tp->name, events[i].name))
			events[i].tp = tp;
}

#if IS_ENABLED(CONFIG_TRACEPOINTS) && IS_ENABLED(CONFIG_MODULES)

/* Called for each module that is there already, too. */
static int find_in_module(struct notifier_block *nb, unsigned long val, void *data)
{
	struct tp_module *tp_mod = data;
	unsigned int i;

	if (val == MODULE_STATE_COMING && !strcmp(tp_mod->mod->name, "dualtree"))
		for (i = 0; i < tp_mod->mod->num_tracepoints; i++)
			find_event(tracepoint_ptr_deref(&tp_mod->mod->tracepoints_ptrs[i]), NULL);
	return NOTIFY_OK;
}

static struct notifier_block tracepoint_modules = { .notifier_call = find_in_module };

static void find_module_events(void)
{
	if (!register_tracepoint_module_notifier(&tracepoint_modules))
		unregister_tracepoint_module_notifier(&tracepoint_modules);
}

#else

static void find_module_events(void)
{
}

#endif

#ifdef CONFIG_TRACEPOINTS

static void find_events(void)
{
	for_each_kernel_tracepoint(find_event, NULL);
	find_module_events();
}

static int probe_register(enum event event)
{
	return tracepoint_probe_register(events[event].tp, events[event].probe, NULL);
}

static void probe_unregister(enum event event)
{
	tracepoint_probe_unregister(events[event].tp, events[event].probe, NULL);
}

#else

static void find_events(void)
{
}

static int probe_register(enum event event)
{
	return -ENODEV;
}

static void probe_unregister(enum event event)
{
}

#endif

/* The test is skipped if an event is not to be had. */
static void watch(struct kunit *test, enum event event)
{
	if (!events[event].tp)
		kunit_skip(test, "cannot reach the event %s", events[event].name);
	KUNIT_ASSERT_EQ(test, 0, probe_register(event));
	events[event].registered = true;
}

static void watch_all(struct kunit *test)
{
	enum event event;

	for (event = 0; event < CONSOLE; event++)
		watch(test, event);
}

/* Expect that the last call of an event has these arguments, and that it is the @nr-th. */
static void expect_seen(struct kunit *test, enum event event, unsigned int nr, const void *ptr,
			size_t bytes)
{
	KUNIT_EXPECT_EQ_MSG(test, seen.count[event], nr, "%s", events[event].name);
	KUNIT_EXPECT_PTR_EQ(test, seen.ptr[event], ptr);
	KUNIT_EXPECT_EQ(test, seen.bytes[event], bytes);
}

static struct dualtree *seen_instance(struct kunit *test, unsigned long flags)
{
	struct dualtree *dt = test_instance(test, .min_region_order = 1, .flags = flags);

	seen.name = test->name;
	return dt;
}

static void tracing_alloc_and_free(struct kunit *test)
{
	struct dualtree *dt;
	void *ptr, *region;

	watch_all(test);
	dt = seen_instance(test, 0);
	ptr = dualtree_alloc(dt, 1000, GFP_KERNEL);
	expect_seen(test, ALLOC, 1, ptr, 1000);
	region = PTR_ALIGN_DOWN(ptr, 2 * PAGE_SIZE);
	expect_seen(test, REGION_GET, 1, region, 2 * PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr + 990, 10), 0);
	expect_seen(test, FREE, 1, ptr + 990, 10);
	KUNIT_EXPECT_EQ(test, seen.what, FREE_PART);
	KUNIT_EXPECT_EQ(test, dualtree_trim(dt, ptr, 990, 100), 0);
	expect_seen(test, FREE, 2, ptr + 100, 890);
	KUNIT_EXPECT_EQ(test, seen.what, FREE_LOCAL);

	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 101), -EALREADY);
	expect_seen(test, BAD_FREE, 1, ptr, 101);
	KUNIT_EXPECT_EQ(test, seen.what, -EALREADY);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, &seen, 5), -EINVAL);
	expect_seen(test, BAD_FREE, 2, &seen, 5);
	KUNIT_EXPECT_EQ(test, seen.what, -EINVAL);
	expect_seen(test, FREE, 2, ptr + 100, 890);

	KUNIT_EXPECT_EQ(test, dualtree_free(dt, NULL, 5), 0);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 100), 0);
	expect_seen(test, FREE, 3, ptr, 100);
	KUNIT_EXPECT_EQ(test, seen.count[REGION_PUT], 0);
	KUNIT_EXPECT_EQ(test, dualtree_shrink(dt), 2 * PAGE_SIZE);
	expect_seen(test, REGION_PUT, 1, region, 2 * PAGE_SIZE);
}

/* The other calls emit the events of an allocation and of a free. */
static void tracing_other_calls(struct kunit *test)
{
	struct dualtree_range ranges[3];
	struct dualtree *dt;
	void *ptrs[2], *ptr;

	watch_all(test);
	dt = seen_instance(test, DUALTREE_EXACT_FIT);
	ptr = dualtree_alloc_aligned(dt, 100, 4096, GFP_KERNEL);
	expect_seen(test, ALLOC, 1, ptr, 100);
	/* What is added to a range. */
	KUNIT_EXPECT_TRUE(test, dualtree_extend(dt, ptr, 100, 300));
	expect_seen(test, ALLOC, 2, ptr + 100, 200);
	KUNIT_EXPECT_EQ(test, dualtree_alloc_bulk(dt, 500, GFP_KERNEL, 2, ptrs), 2);
	expect_seen(test, ALLOC, 4, ptrs[1], 500);
	ranges[0] = (struct dualtree_range){ ptrs[0], 500 };
	ranges[1] = (struct dualtree_range){ ptr, 0 };
	ranges[2] = (struct dualtree_range){ ptrs[1], 500 };
	KUNIT_EXPECT_EQ(test, dualtree_free_bulk(dt, ranges, 3), -EINVAL);
	expect_seen(test, FREE, 2, ptrs[1], 500);
	expect_seen(test, BAD_FREE, 1, ptr, 0);
	KUNIT_EXPECT_NULL(test, dualtree_realloc(dt, ptr, 301, 400, GFP_KERNEL));
	expect_seen(test, BAD_FREE, 2, ptr, 301);
	KUNIT_EXPECT_PTR_EQ(test, dualtree_realloc(dt, ptr, 300, 200, GFP_KERNEL), ptr);
	expect_seen(test, FREE, 3, ptr + 200, 100);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 200), 0);
	KUNIT_EXPECT_EQ(test, seen.count[ALLOC], 4);
}

static void tracing_remote(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id(), other = dt_other_cpu(test, here);
	struct dualtree *dt;
	void *ptr;

	dt_stay_on(test, here);
	watch_all(test);
	dt = seen_instance(test, 0);
	ptr = dualtree_alloc(dt, 500, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, dt_free_on(other, dt, ptr, 500), 0);
	expect_seen(test, FREE, 1, ptr, 500);
	KUNIT_EXPECT_EQ(test, seen.what, FREE_REMOTE);
}

static unsigned int lines_with(const char *text)
{
	unsigned int i, nr = 0;

	for (i = 0; i < seen.nr_lines; i++)
		nr += !!strstr(seen.lines[i], text);
	return nr;
}

/* Lines on a range of so many bytes that is left. */
static unsigned int leaks_of(size_t bytes)
{
	char text[32];

	snprintf(text, sizeof(text), " %zu bytes at", bytes);
	return lines_with(text);
}

/* One line for each bad free: the instance, the length, the caller, and what is wrong. */
static void tracing_bad_free_is_printed(struct kunit *test)
{
	struct dualtree *dt;
	void *ptr;

	watch(test, CONSOLE);
	dt = seen_instance(test, 0);
	ptr = dualtree_alloc(dt, 100, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 101), -EALREADY);
	KUNIT_EXPECT_EQ(test, seen.nr_lines, 1);
	KUNIT_EXPECT_EQ(test, lines_with("double-free of 101 bytes"), 1);
	KUNIT_EXPECT_EQ(test, lines_with(" by tracing_bad_free_"), 1);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, &seen, 7), -EINVAL);
	KUNIT_EXPECT_EQ(test, seen.nr_lines, 2);
	KUNIT_EXPECT_EQ(test, lines_with("invalid-free of 7 bytes"), 1);
	/* A free of NULL is no error, and an allocation that fails prints nothing. */
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, NULL, 7), 0);
	KUNIT_EXPECT_NULL(test, dualtree_alloc(dt, SIZE_MAX, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, seen.nr_lines, 2);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, ptr, 100), 0);
}

/* One instance that frees what it does not own all the time does not hide another's mistake. */
static void tracing_bad_free_of_each(struct kunit *test)
{
	struct dualtree *loud, *quiet;
	unsigned int i;

	watch(test, CONSOLE);
	loud = seen_instance(test, 0);
	quiet = seen_instance(test, 0);
	for (i = 0; i < 3 * DEFAULT_RATELIMIT_BURST; i++)
		KUNIT_EXPECT_EQ(test, dualtree_free(loud, &seen, 7), -EINVAL);
	KUNIT_EXPECT_LE(test, lines_with("invalid-free of 7 bytes"), DEFAULT_RATELIMIT_BURST);
	KUNIT_EXPECT_EQ(test, dualtree_free(quiet, &seen, 9), -EINVAL);
	KUNIT_EXPECT_EQ(test, lines_with("invalid-free of 9 bytes"), 1);
}

/* With DUALTREE_REPORT_LEAKS: the sum, and each range that is left. */
static void tracing_leaks_are_printed(struct kunit *test)
{
	const size_t g = DT_GRANULE, size = 16 * g - 24, hole = 3 * g + 8, end = 14 * g + 4;
	struct dualtree *dt;
	char text[40];
	void *a, *b;

	watch(test, CONSOLE);
	dt = seen_instance(test, DUALTREE_REPORT_LEAKS | DUALTREE_EXACT_FIT);
	a = dualtree_alloc(dt, size, GFP_KERNEL);
	b = dualtree_alloc(dt, 77, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, a && b);
	KUNIT_EXPECT_EQ(test, dualtree_free(dt, a + hole, end - hole), 0);
	dt_test_instance_destroy(test, dt);
	snprintf(text, sizeof(text), "destroyed with %zu bytes live", hole + size - end + 77);
	KUNIT_EXPECT_EQ(test, lines_with(text), 1);
	KUNIT_EXPECT_EQ(test, leaks_of(hole), 1);
	/* A granule that is not full ends a range: the last two granules are two of them. */
	KUNIT_EXPECT_EQ(test, leaks_of(g - 4), 1);
	KUNIT_EXPECT_EQ(test, leaks_of(g - 24), 1);
	KUNIT_EXPECT_EQ(test, leaks_of(77), 1);
	KUNIT_EXPECT_EQ(test, seen.nr_lines, 5);
}

/* The report has a maximum of lines, and without a leak none. */
static void tracing_leaks_are_bounded(struct kunit *test)
{
	struct dualtree *dt;
	unsigned int i;

	watch(test, CONSOLE);
	dt = seen_instance(test, DUALTREE_REPORT_LEAKS);
	for (i = 0; i < 100; i++)
		KUNIT_ASSERT_NOT_NULL(test, dualtree_alloc(dt, 65 + i, GFP_KERNEL));
	dt_test_instance_destroy(test, dt);
	KUNIT_EXPECT_EQ(test, lines_with("bytes live"), 1);
	KUNIT_EXPECT_EQ(test, lines_with("and so on"), 1);
	KUNIT_EXPECT_EQ(test, lines_with("within"), 16);
	KUNIT_EXPECT_EQ(test, seen.nr_lines, 18);

	seen.nr_lines = 0;
	dt = seen_instance(test, DUALTREE_REPORT_LEAKS);
	KUNIT_EXPECT_TRUE(test, alloc_and_free(dt, 65, GFP_KERNEL));
	dt_test_instance_destroy(test, dt);
	dt = seen_instance(test, 0);
	KUNIT_EXPECT_NOT_NULL(test, dualtree_alloc(dt, 65, GFP_KERNEL));
	dt_test_instance_destroy(test, dt);
	KUNIT_EXPECT_EQ(test, seen.nr_lines, 0);
}

/* No probe is left, and none is running. */
static void tracing_exit(struct kunit *test)
{
	enum event event;

	for (event = 0; event < NR_EVENTS; event++) {
		if (events[event].registered)
			probe_unregister(event);
		events[event].registered = false;
	}
	tracepoint_synchronize_unregister();
	memset(&seen, 0, sizeof(seen));
}

static int tracing_suite_init(struct kunit_suite *suite)
{
	find_events();
	return 0;
}

static struct kunit_case tracing_cases[] = {
	KUNIT_CASE(tracing_alloc_and_free),
	KUNIT_CASE(tracing_other_calls),
	KUNIT_CASE(tracing_remote),
	KUNIT_CASE(tracing_bad_free_is_printed),
	KUNIT_CASE(tracing_bad_free_of_each),
	KUNIT_CASE(tracing_leaks_are_printed),
	KUNIT_CASE(tracing_leaks_are_bounded),
	{}
};

DUALTREE_SUITE(tracing, "trace events and messages",
	       .suite_init = tracing_suite_init, .exit = tracing_exit);
