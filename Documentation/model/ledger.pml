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
#define CONTEXTS	5

#include "contexts.pml"

byte ledger[NR_GRANULES] = { FULL, FULL, 3, FULL };

/* Not in the code: pieces of a granule that their users still touch, */
byte used[NR_GRANULES] = { 1, 1, 3, 1 };
/* how often a granule was brought to 0, */
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

/* The caller owns the granule and writes a link or a node to it. */
inline take_over(g)
{
	d_step {
		assert(used[g] == 0);
		taken[g]++;
		assert(taken[g] == 1)
	}
}

/* Granules between the ends must be full; only P has one. */
inline middle_full(first, last)
{
	if
	:: ok && last - first == 2 -> ok = (ledger[first + 1] == FULL)
	:: else
	fi
}

inline middle_take(first, last)
{
	if
	:: last - first == 2 -> atomic { ledger[first + 1] = 0; take_over(first + 1) }
	:: else
	fi
}

/* ledger_take_whole(): changes nothing if other bytes live in one of the granules. */
inline take_whole(first, head, last, tail)
{
	ok = (ledger[first] == head);
	if
	:: ok && first != last -> ok = (ledger[last] == tail)
	:: else
	fi;
	middle_full(first, last);
	if
	:: ok ->
		atomic { ledger[first] = 0; take_over(first) };
		middle_take(first, last);
		if
		:: first != last -> atomic { ledger[last] = 0; take_over(last) }
		:: else
		fi
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

/* ledger_take_bytes() */
inline take_bytes(g, bytes)
{
	seen = ledger[g];
	do
	:: seen == bytes ->
		atomic { ledger[g] = 0; take_over(g) };
		break
	:: seen != bytes && !has(seen, bytes) -> break
	:: seen != bytes && has(seen, bytes) ->
#ifdef BUG_STORE_FOR_CMPXCHG
		ledger[g] = seen - bytes;
		break
#else
		if
		:: atomic { ledger[g] == seen -> ledger[g] = seen - bytes; break }
		:: atomic { ledger[g] != seen -> seen = ledger[g] };
		   printf("a compare-exchange failed\n");
#ifdef BUG_NO_SECOND_LOOK
		   ledger[g] = seen - bytes;
		   break
#endif
		fi
#endif
	od;
	seen = 0
}

/* ledger_take() */
inline take(first, head, last, tail)
{
	take_bytes(first, head);
	if
	:: first != last -> take_bytes(last, tail)
	:: else
	fi;
	middle_take(first, last)
}

inline check_and_take(first, head, last, tail)
{
	check(first, head, last, tail);
	if
	:: ok -> take(first, head, last, tail)
	:: else
	fi
}

/* A mutation: check and change one granule after the other. */
inline granule_by_granule(first, head, last, tail)
{
	ok = has(ledger[first], head);
	if
	:: ok -> take_bytes(first, head)
	:: else
	fi;
	if
	:: ok && first != last ->
		ok = has(ledger[last], tail);
		if
		:: ok -> take_bytes(last, tail); middle_take(first, last)
		:: else
		fi
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
	:: ok -> take(first, head, last, tail)	\
	:: else					\
	fi
#else
#define check_early(first, head, last, tail)	skip
#define free_inside(first, head, last, tail)			\
	if							\
	:: take_whole(first, head, last, tail)			\
	:: ok = false						\
	fi;							\
	if							\
	:: !ok -> check_and_take(first, head, last, tail)	\
	:: else							\
	fi
#endif

/* A free. The owner's begins with take_whole(); any CPU may be the owner. */
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
	bool ok;
	byte seen, g;

	if
	:: CPU == 0 -> free_range(P, 0, FULL, 2, 1)
	:: CPU == 1 -> free_range(R, 2, 1, 3, FULL)
	fi;
	finished++
}

active proctype interrupt() provided (IRQ_RUNS)
{
	bool ok;
	byte seen, g;

	irq_enter();
	free_nested();
	irq_exit();
	finished++
}

/* Each granule was brought to 0 once; a refused free changed nothing. */
active proctype accounting()
{
	byte g;

	finished == CONTEXTS;
	do
	:: g < NR_GRANULES ->
		assert(ledger[g] == 0 && taken[g] == 1 && used[g] == 0);
		g++
	:: else -> break
	od;
	assert(refused[P] == REFUSED_P && refused[Q] == 0 && refused[R] == 1);
	printf("the accounting of the ledger\n")
}
