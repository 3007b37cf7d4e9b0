// SPDX-License-Identifier: GPL-2.0
/*
 * Wrong on purpose; see inject.h. At a quiet point: what is freed twice must not be somebody
 * else's by then.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "actor.h"
#include "inject.h"
#include "turn.h"
#include "verdict.h"

#define LEN	1000

static void leak(struct turn *t, struct piece *p)
{
}

static void corrupt(struct turn *t, struct piece *p)
{
	p->ptr[p->len / 2] ^= 0x10;
	turn_leave(t, p);
}

static void twice(struct turn *t, struct piece *p)
{
	turn_free(t, p, 0, p->len);
	turn_free(t, p, 0, p->len);
}

static void lose(struct turn *t, struct piece *p)
{
	subject_account(t->subject, -(long)p->len);
}

static const struct way {
	const char *name;
	void (*wrong)(struct turn *t, struct piece *p);
} ways[] = {
	{ "none" },
	{ "leak", leak },
	{ "corrupt", corrupt },
	{ "double", twice },
	{ "lost", lose },
};

static const struct way *way = ways;

int inject_parse(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (strcmp(ways[i].name, name))
			continue;
		way = &ways[i];
		return 0;
	}
	return -EINVAL;
}

void inject_now(void)
{
	struct actor actor = {};
	struct turn turn = {
		.actor = &actor, .subject = subjects[0], .gfp = GFP_KERNEL, .most = LEN,
	};
	struct piece p;

	if (!way->wrong)
		return;
	actor_init(&actor, IN_TASK, 0);
	/* Without memory: next time. */
	if (!turn_alloc(&turn, &p, LEN, 0, LEN))
		return;
	pr_info("injecting: %s\n", way->name);
	way->wrong(&turn, &p);
	way = ways;
}
