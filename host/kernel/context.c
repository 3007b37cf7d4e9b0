// SPDX-License-Identifier: GPL-2.0
/* CPUs, their memory, calls between them, and how a program ends that has found an error. */
#include <kernel.h>
#include "../test.h"

struct host_context host_now;
long host_points;
void (*host_interrupt)(void);
void (*host_asleep)(void);

struct cpumask host_online = { .bits = GENMASK(HOST_CPUS - 1, 0) };
struct cpumask host_possible = { .bits = GENMASK(HOST_CPUS - 1, 0) };
unsigned long host_nohz_full;
bool host_hotplug_busy;

bool host_tracing;
unsigned long host_lines;
char host_last_line[200];

/* Per-CPU memory is handed out in units of the largest that dualtree asks for. */
#define PERCPU_UNIT	512
#define PERCPU_UNITS	(HOST_PERCPU_BYTES / PERCPU_UNIT)

static char percpu[HOST_CPUS][HOST_PERCPU_BYTES] __attribute__((aligned(PERCPU_UNIT)));
static DECLARE_BITMAP(percpu_used, PERCPU_UNITS);

void *__alloc_percpu(size_t size, size_t align)
{
	unsigned long unit = find_first_zero_bit(percpu_used, PERCPU_UNITS);
	int cpu;

	host_may_sleep();
	host_assert(size <= PERCPU_UNIT && align <= PERCPU_UNIT);
	if (unit == PERCPU_UNITS || host_must_fail())
		return NULL;
	__set_bit(unit, percpu_used);
	for_each_possible_cpu(cpu)
		memset(percpu[cpu] + unit * PERCPU_UNIT, 0, PERCPU_UNIT);
	host_kmallocs++;
	return percpu[0] + unit * PERCPU_UNIT;
}

void free_percpu(void *ptr)
{
	__clear_bit(((char *)ptr - percpu[0]) / PERCPU_UNIT, percpu_used);
	host_kmallocs--;
}

int smp_call_function_single(int cpu, void (*fn)(void *data), void *data, int wait)
{
	struct host_context was = host_now;

	/* As the kernel: a caller that waits must take interrupts itself. */
	host_assert(!host_now.irqs_off && !host_now.nmi && !host_now.nested);
	if (!cpu_online(cpu))
		return -ENXIO;
	host_now = (struct host_context){
		.cpu = cpu, .hardirq = true, .irqs_off = 1, .preempt = 1,
	};
	fn(data);
	host_assert(host_now.irqs_off == 1 && host_now.preempt == 1);
	host_now = was;
	return 0;
}

void host_print(const char *format, ...)
{
	va_list args;

	host_lines++;
	va_start(args, format);
	vsnprintf(host_last_line, sizeof(host_last_line), format, args);
	va_end(args);
	if (getenv("HOST_LOG"))
		fputs(host_last_line, stderr);
}

void host_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "FAILED: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	host_test_context();
	/* A sanitizer, or a debugger, shows where. */
	abort();
}
