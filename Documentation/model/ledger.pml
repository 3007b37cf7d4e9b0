/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger: a granule that three live pieces share is freed from three contexts of two CPUs.
 * Two more contexts free what is free already.
 *
 *	granule     0     1     2     3
 *	ledger      3     3   1+1+1   3
 *	         |----- P ------|Q|-- R --|
 *
 * CPU 0: a task frees P, a second task does so too, an interrupt frees Q.
 * CPU 1: a task frees R, a second task does so too. The later of two frees is refused.
 *
 * No promise covers bytes that are freed twice at the same time: by an interrupt in the middle
 * of a free, or on two CPUs. LIMIT_NESTED_DOUBLE_FREE shows it: the interrupt frees P, too.
 */
#define NR_CPUS		2
#define NR_GRANULES	4
#define FULL		3
/* The mark of a granule in which nothing is live. */
#define MARK		4
#define CONTEXTS	5

/* The CPU whose heap it is. */
#ifndef OWNER
#define OWNER		0
#endif

#include "contexts.pml"

byte ledger[NR_GRANULES] = { FULL, FULL, 3, FULL };

/* Not in the code: pieces of a granule that their users still touch, */
byte used[NR_GRANULES] = { 1, 1, 3, 1 };
/* how often a granule was marked, */
byte taken[NR_GRANULES];
/* which pieces have been freed, and how many frees of each were refused. */
#define P	0
#define Q	1
#define R	2
bool gone[3];
byte refused[3];

#define has(count, bytes)	((count) <= FULL && (count) >= (bytes))

/* The user has touched its bytes for the last time. A double free has no bytes. */
inline let_go(piece, first, last)
{
	d_step {
		if
		:: !gone[piece] ->
			gone[piece] = true;
			g = first;
			do
			:: g <= last -> used[g]--; g++
			:: else -> break
			od
		:: else
		fi;
		g = 0
	}
}

/*
 * The caller claimed the granule: it marks it, as its owner's or dead, and from then on it is the
 * heap's.
 */
inline mark(g)
{
	d_step {
		assert(used[g] == 0);
		taken[g]++;
		assert(taken[g] == 1);
		ledger[g] = MARK
	}
}

/* The granules of the range that were claimed. */
inline mark_run(first, last)
{
#ifdef BUG_RUN_NOT_TRIMMED
	claimed_first = true;
	claimed_last = true;
#endif
	if
	:: claimed_first -> mark(first)
	:: else
	fi;
	if
	:: last - first == 2 -> mark(first + 1)
	:: else
	fi;
	if
	:: first != last && claimed_last -> mark(last)
	:: else
	fi;
	atomic { claimed_first = false; claimed_last = false }
}

/* Granules between the ends must be full; only P has one. */
inline middle_full(first, last)
{
	if
	:: ok && last - first == 2 -> ok = (ledger[first + 1] == FULL)
	:: else
	fi
}

/* ledger_is_whole(): does nothing but the range live in its granules? */
inline free_whole(first, head, last, tail)
{
	ok = (ledger[last] == tail);
	if
	:: ok && first != last -> ok = (ledger[first] == head)
	:: else
	fi;
	middle_full(first, last);
	if
	:: ok ->
		atomic { claimed_first = true; claimed_last = true };
		mark_run(first, last)
	:: else
	fi
}

/* ledger_check(): the whole range, before any change. */
inline check(first, head, last, tail)
{
	ok = has(ledger[first], head);
	if
	:: ok && first != last -> ok = has(ledger[last], tail)
	:: else
	fi;
	middle_full(first, last)
}

/* The count that was seen: the granule is the caller's, or none of it is, or @seen stays. */
inline look(bytes, claimed)
{
	if
	:: seen == bytes -> claimed = true; seen = 0
	:: seen != bytes && !has(seen, bytes) -> seen = 0
	:: else
	fi
}

/* ledger_claim_granule() */
inline claim_granule(g, bytes, claimed)
{
	atomic { seen = ledger[g]; look(bytes, claimed) };
	do
	:: atomic { seen == 0 -> break }
#ifdef BUG_STORE_FOR_CMPXCHG
	:: atomic { seen != 0 -> ledger[g] = seen - bytes; seen = 0; break }
#else
	:: atomic { seen != 0 && ledger[g] == seen -> ledger[g] = seen - bytes; seen = 0; break }
	:: atomic { seen != 0 && ledger[g] != seen -> printf("a compare-exchange failed\n");
#ifdef BUG_NO_SECOND_LOOK
		seen = 0;
#else
		seen = ledger[g];
		look(bytes, claimed)
#endif
	   }
#endif
	od
}

/* ledger_claim(), and the marks. */
inline claim(first, head, last, tail)
{
	claim_granule(first, head, claimed_first);
	if
	:: first != last -> claim_granule(last, tail, claimed_last)
	:: else
	fi;
	mark_run(first, last)
}

/* do_free(), free_recheck() */
inline check_and_claim(first, head, last, tail)
{
	check(first, head, last, tail);
	if
	:: ok -> claim(first, head, last, tail)
	:: else
	fi
}

/* free_partial(), free_bytes(): the counts are read once. */
inline free_partial(first, head, last, tail)
{
	seen = ledger[first];
	seen_last = ledger[last];
	ok = has(seen, head) && has(seen_last, tail) && !(first == last && seen == head);
	middle_full(first, last);
	if
	:: ok && seen == head -> claimed_first = true
	:: ok && seen != head ->
		if
		:: atomic { ledger[first] == seen -> ledger[first] = seen - head }
		:: atomic { ledger[first] != seen -> ok = false };
		   printf("free_partial() has to check again\n")
		fi
	:: else
	fi;
	if
	:: ok && first != last && seen_last == tail -> claimed_last = true
	:: ok && first != last && seen_last != tail -> claim_granule(last, tail, claimed_last)
	:: else
	fi;
	if
	:: ok -> mark_run(first, last)
	:: else -> check_and_claim(first, head, last, tail)
	fi;
	atomic { seen = 0; seen_last = 0 }
}

/* A mutation: check and change one granule after the other. */
inline granule_by_granule(first, head, last, tail)
{
	ok = has(ledger[first], head);
	if
	:: ok -> claim_granule(first, head, claimed_first)
	:: else
	fi;
	if
	:: ok && first != last ->
		ok = has(ledger[last], tail);
		if
		:: ok -> claim_granule(last, tail, claimed_last)
		:: else
		fi
	:: else
	fi;
	if
	:: ok -> mark_run(first, last)
	:: else
	fi
}

#if defined(BUG_GRANULE_BY_GRANULE)
#define check_early(first, head, last, tail)	skip
#define free_inside(first, head, last, tail)	granule_by_granule(first, head, last, tail)
#elif defined(BUG_CHECK_OUTSIDE_SECTION)
#define check_early(first, head, last, tail)	check(first, head, last, tail)
#define free_inside(first, head, last, tail)	\
	if					\
	:: ok -> claim(first, head, last, tail)	\
	:: else					\
	fi
#else
#define check_early(first, head, last, tail)	skip
#define free_inside(first, head, last, tail)					\
	free_whole(first, head, last, tail);					\
	if									\
	:: !ok && in_heap -> free_partial(first, head, last, tail)		\
	:: !ok && !in_heap -> check_and_claim(first, head, last, tail)		\
	:: else									\
	fi
#endif

/* The interrupt has found a section open. */
#define in_heap		(CPU == OWNER && level[CPU] == TASK)

/* A free. */
inline free_range(piece, first, head, last, tail)
{
	let_go(piece, first, last);
	check_early(first, head, last, tail);
	if
	:: level[CPU] == TASK -> preempt_disable()
	:: else
	fi;
	free_inside(first, head, last, tail);
	atomic {
		if
		:: !ok -> refused[piece]++
		:: else
		fi;
		if
		:: level[CPU] == TASK -> preempt_enable()
		:: else
		fi
	}
}

#ifdef LIMIT_NESTED_DOUBLE_FREE
#define REFUSED_P	2
#define free_nested()	free_range(P, 0, FULL, 2, 1); free_range(Q, 2, 1, 2, 1)
#else
#define REFUSED_P	1
#define free_nested()	free_range(Q, 2, 1, 2, 1)
#endif

active [4] proctype task() provided (TASK_RUNS)
{
	bool ok, claimed_first, claimed_last;
	byte seen, seen_last, g;

	if
	:: CPU == 0 -> free_range(P, 0, FULL, 2, 1)
	:: CPU == 1 -> free_range(R, 2, 1, 3, FULL)
	fi;
	finished++
}

active proctype interrupt() provided (IRQ_RUNS)
{
	bool ok, claimed_first, claimed_last;
	byte seen, seen_last, g;

	irq_enter();
	free_nested();
	irq_exit();
	finished++
}

/* Each granule was marked once; a refused free changed nothing. */
active proctype accounting()
{
	byte g;

	finished == CONTEXTS;
	do
	:: g < NR_GRANULES ->
		assert(ledger[g] == MARK && taken[g] == 1 && used[g] == 0);
		g++
	:: else -> break
	od;
	assert(refused[P] == REFUSED_P && refused[Q] == 0 && refused[R] == 1);
	printf("the accounting of the ledger\n")
}
