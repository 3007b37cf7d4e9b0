/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A CPU's heap: sections, interrupts in them, remote frees.
 *
 * The heap's CPU has a task that calls twice, an interrupt, and an NMI. Each call allocates or
 * frees. Another CPU frees granules of this heap; all its contexts do the same, so it is one
 * process. With PREEMPTION there are two tasks and no NMI, and the other CPU frees two
 * granules.
 *
 * A granule belongs to one heap as long as its region lives, and no call changes two heaps.
 * So one heap stands for all.
 */
#define NR_CPUS		1
#define NR_GRANULES	4
#define REGION_GRANULES	2
#define DRAIN_MAX	1
#define FIRST_AT	{ LIVE, LIVE, FREE, FREE }
#define FIRST_TREE	4
#define CONTEXTS	4

#ifdef BUG_PREEMPTIBLE
#define PREEMPTION
#endif
#ifdef PREEMPTION
#define TASKS		2
#define call_again()	skip
#else
#define TASKS		1
#define call_again()	call(entered, g, t, n)
#endif

#include "contexts.pml"
#include "granules.pml"

bool busy;
/* The hot range: one slot. */
byte hot = 3;
/* Contexts that are touching the heap; not in the code. */
byte inside;

/* One owner at a time. */
inline touch()
{
	d_step { inside++; assert(inside == 1) }
}

/* section.h: the test of busy and the store to it are two steps. */
inline section_enter(entered)
{
	atomic {
#ifndef BUG_PREEMPTIBLE
		if
		:: level[CPU] == TASK -> preempt_disable()
		:: else
		fi;
#endif
#ifdef BUG_NO_BUSY
		entered = true
#else
		entered = !busy
#endif
	};
#ifndef BUG_BUSY_LATE
	if
	:: entered -> busy = true
	:: else
	fi
#endif
}

inline section_exit(entered)
{
	atomic {
		if
		:: entered -> busy = false
		:: else
		fi;
		if
		:: level[CPU] == TASK -> preempt_enable()
		:: else
		fi;
		entered = false
	}
}

/* heap_search(): the hot range, the remote list, the tree. */
inline alloc_cached(g, t, n)
{
	atomic { touch(); g = hot };
#ifdef BUG_BUSY_LATE
	busy = true;
#endif
	if
	:: atomic { g != NIL -> hot = NIL; give_out(g) }
	:: atomic { g == NIL -> g = 0 };
	   drain(g, t, n);
	   tree_take(g, t)
	fi;
	inside--
}

/* dt_cache_free(): the granule becomes hot; the old hot one goes to the tree. */
inline put_back(g, t, old)
{
	atomic { touch(); old = hot; t = tree };
#ifdef BUG_BUSY_CLEARED_EARLY
	busy = false;
#endif
	if
	:: old != NIL -> tree = t | (1 << old)
	:: else
	fi;
	atomic { take_in(g); hot = g; t = 0; old = 0; inside-- }
}

/*
 * One call. An allocation that finds nothing goes to the shared heap: shared.pml. On a kernel
 * with kmemleak an NMI drains nothing.
 */
#ifdef KMEMLEAK
#define MUST_WAIT	(level[CPU] == NMI)
#else
#define MUST_WAIT	false
#endif

inline call(entered, g, t, n)
{
	if
	:: section_enter(entered);
	   if
	   :: entered && !MUST_WAIT -> alloc_cached(g, t, n)
	   :: else
	   fi;
	   section_exit(entered)
	:: pick_live(g);
	   if
	   :: g != NIL ->
		section_enter(entered);
		if
		:: entered && !MUST_WAIT -> put_back(g, t, n)
		:: !entered -> printf("a free has found a section open\n"); push(g, n); n = 0
		:: entered && MUST_WAIT -> printf("a free in NMI waits\n"); push(g, n); n = 0
		fi;
		section_exit(entered)
	   :: else
	   fi
	fi;
	g = 0
}

active [TASKS] proctype task() provided (TASK_RUNS)
{
	bool entered;
	byte g, t, n;

	call(entered, g, t, n);
	call_again();
	finished++
}

active proctype interrupt() provided (IRQ_RUNS)
{
	bool entered;
	byte g, t, n;

	irq_enter();
	call(entered, g, t, n);
	irq_exit();
	finished++
}

#ifndef PREEMPTION
active proctype nmi()
{
	bool entered;
	byte g, t, n, was;

	nmi_enter(was);
	call(entered, g, t, n);
	nmi_exit(was);
	finished++
}
#endif

/* The other CPU frees one granule, or two. */
active proctype other()
{
	byte g, n;

	pick_live(g);
	if
	:: g != NIL -> push(g, n); n = 0
	:: else
	fi;
#ifdef PREEMPTION
	pick_live(g);
	if
	:: g != NIL -> push(g, n); n = 0
	:: else
	fi;
#endif
	g = 0;
	finished++
}

/* No byte is lost: after a drain each granule that is not live is in the tree, once. */
active proctype accounting()
{
	byte g, t, n;

	finished == CONTEXTS;
	assert(!busy && inside == 0 && preempt_off[0] == 0);
	do
	:: has_remote() -> drain(g, t, n)
	:: else -> break
	od;
	if
	:: hot != NIL -> assert(!in_tree(hot)); tree = tree | (1 << hot)
	:: else
	fi;
	do
	:: g < NR_GRANULES ->
		assert(at[g] == LIVE || at[g] == FREE);
		assert((at[g] == FREE) == in_tree(g));
		g++
	:: else -> break
	od;
	assert(state[0] == IDLE && state[1] == IDLE);
	printf("the accounting of the heap\n")
}
