/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A subject: an instance under torture, the slots in which pieces of it change hands, and
 * how many of its bytes should be live.
 */
#ifndef TORTURE_SUBJECT_H
#define TORTURE_SUBJECT_H

#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/types.h>

struct buddy_pool;
struct dualtree;
struct dualtree_params;

/* How many live as long as the torture does. */
#define NR_SUBJECTS	4

#define MOST_SLOTS	192

/**
 * struct subject - an instance under torture
 * @name: of the instance
 * @dt: the instance
 * @zeroed: its memory always comes cleared
 * @bytes: that should be live, as far as each CPU has made them so; exact in sum when nobody acts
 * @nr_slots: how many of @slots are used
 * @slots: addresses of pieces; taken and left with xchg() by anybody, which hands the bytes over
 */
struct subject {
	const char *name;
	struct dualtree *dt;
	bool zeroed;
	long __percpu *bytes;
	unsigned int nr_slots;
	u8 *slots[MOST_SLOTS];
};

extern struct subject *subjects[NR_SUBJECTS];

struct subject *subject_create(const char *name, const struct dualtree_params *params,
			       unsigned int nr_slots);
void subject_destroy(struct subject *s);

/* One instruction on x86, the only machine that has NMIs here: none comes in between. */
static inline void subject_account(struct subject *s, long bytes)
{
	this_cpu_add(*s->bytes, bytes);
}

/* Nobody acts on it. */
long subject_expected(const struct subject *s);

/* Compare bytes that should be live with what the instance says; nobody acts on it. */
bool subject_balanced(struct subject *s, const char *when);

/* Check and free what lies in the slots; nobody acts on it. */
void subject_empty(struct subject *s);

/* All four, and the pool that two of them share. May sleep. */
int subjects_create(void);
void subjects_destroy(void);

/* The pool of their own has nothing out any more, and nothing was refused there. */
void subjects_check_pool(void);

#endif /* TORTURE_SUBJECT_H */
