// SPDX-License-Identifier: GPL-2.0
/*
 * The mix; see mix.h.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/string.h>

#include <dualtree/fault.h>

#include "counts.h"
#include "hotplug.h"
#include "mix.h"
#include "pipe.h"
#include "pressure.h"
#include "stream.h"
#include "verdict.h"

static const char *const names[NR_INGREDIENTS] = {
	[MIX_TASK]	= "task",
	[MIX_SOFTIRQ]	= "softirq",
	[MIX_HARDIRQ]	= "hardirq",
	[MIX_NMI]	= "nmi",
	[MIX_HOTPLUG]	= "hotplug",
	[MIX_PRESSURE]	= "pressure",
	[MIX_FAULTS]	= "faults",
	[MIX_TEARDOWN]	= "teardown",
	[MIX_SHRINK]	= "shrink",
	[MIX_PIPE]	= "pipe",
};

/* Written before anything starts. */
static unsigned long mix;

static int find(const char *name, size_t len)
{
	int i;

	for (i = 0; i < NR_INGREDIENTS; i++)
		if (strlen(names[i]) == len && !strncmp(names[i], name, len))
			return i;
	return -EINVAL;
}

int mix_parse(const char *words)
{
	size_t len;
	int found;

	if (!strcmp(words, "all")) {
		mix = BIT(NR_INGREDIENTS) - 1;
		return 0;
	}
	for (mix = 0; *words; words += len + (words[len] == ',')) {
		len = strcspn(words, ",");
		found = find(words, len);
		if (found < 0)
			return found;
		mix |= BIT(found);
	}
	return mix ? 0 : -EINVAL;
}

bool mix_has(enum ingredient what)
{
	return mix & BIT(what);
}

void mix_leave_out(enum ingredient what)
{
	mix &= ~BIT(what);
}

/* How often an ingredient has done what it is there for. */
static unsigned long times(enum ingredient what)
{
	switch (what) {
	case MIX_TASK:
		return count_in(IN_TASK, TURNS);
	case MIX_SOFTIRQ:
		return count_in(IN_SOFTIRQ, TURNS);
	case MIX_HARDIRQ:
		return count_in(IN_HARDIRQ, TURNS);
	case MIX_NMI:
		return count_in(IN_NMI, TURNS);
	case MIX_HOTPLUG:
		return hotplug_downs();
	case MIX_PRESSURE:
		return pressure_most();
	case MIX_FAULTS:
		return dualtree_faults();
	case MIX_TEARDOWN:
		return streams_torn_down();
	case MIX_SHRINK:
		return shrinks();
	case MIX_PIPE:
		return pipe_passed();
	case NR_INGREDIENTS:
		break;
	}
	return 0;
}

void mix_check(void)
{
	int i;

	for (i = 0; i < NR_INGREDIENTS; i++)
		if (mix_has(i) && !times(i))
			torture_fail("%s: it was in the mix and nothing came of it", names[i]);
}
