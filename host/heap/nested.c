// SPDX-License-Identifier: GPL-2.0
/*
 * What happens at a point of another context: an interrupt or an NMI on the same CPU, or what
 * another CPU does meanwhile. It allocates and frees, and is done when it returns.
 *
 *	at a point with		there can be
 *	interrupts on		an interrupt
 *	anything but an NMI	an NMI
 *	no lock held		another CPU, which is in none of the contexts that are interrupted
 */
#include "ops.h"

/* How deep contexts are nested. */
#define DEPTH_MAX	3

/* CPUs of the contexts that are interrupted. */
static unsigned long busy;
static int depth;

void host_nested_end(void)
{
	host_points = LONG_MAX;
}

/* The context that comes. Return: false if none may here. */
static bool choose_context(struct host_context *context)
{
	*context = host_now;
	context->nested = true;
	switch (host_choose(3)) {
	case 0:
		context->hardirq = true;
		context->irqs_off = 1;
		return !host_now.irqs_off && !host_now.nmi;
	case 1:
		context->nmi = true;
		context->irqs_off++;
		return !host_now.nmi;
	default:
		context->cpu = host_choose(HOST_CPUS);
		context->preempt = 0;
		context->irqs_off = 0;
		context->hardirq = false;
		return !host_now.locks && !host_now.nmi && cpu_online(context->cpu) &&
		       !(busy >> context->cpu & 1);
	}
}

static void nested_op(void)
{
	struct subject *s = &host_subjects[host_choose(SUBJECTS)];

	if (!s->dt)
		return;
	switch (host_choose(10)) {
	case 0:
	case 1:
	case 2:
		host_op_alloc(s);
		break;
	case 3:
		host_op_extend(s);
		break;
	case 4:
		host_op_realloc(s);
		break;
	case 5:
		host_op_free_bulk(s);
		break;
	default:
		host_op_free(s);
	}
}

static void nested_context(void)
{
	struct host_context was = host_now, context;
	unsigned long was_busy = busy;
	int i, ops;

	host_points = LONG_MAX;
	if (depth == DEPTH_MAX || !choose_context(&context))
		return;
	depth++;
	busy |= BIT(host_now.cpu);
	host_now = context;
	ops = 1 + host_choose(4);
	for (i = 0; i < ops; i++) {
		host_points = host_one_in(4) ? 1 + host_choose(50) : LONG_MAX;
		nested_op();
	}
	host_assert(host_now.preempt == context.preempt && host_now.irqs_off == context.irqs_off &&
		    host_now.locks == context.locks);
	host_now = was;
	busy = was_busy;
	depth--;
	/* The context that was interrupted goes on, and may be interrupted again. */
	host_points = host_one_in(2) ? 1 + host_choose(100) : LONG_MAX;
}

/* Choose how many points it is until the next nested context. */
void host_nested_arm(void)
{
	host_interrupt = nested_context;
	host_points = host_one_in(6) ? 1 + host_choose(host_one_in(4) ? 1000 : 100) : LONG_MAX;
}
