/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shared heap: its lock, which an NMI only tries, and the draining of its remote list.
 *
 * Two CPUs with a task each, and an NMI on one of them; with INTERRUPT an interrupt instead.
 * Each allocates from the shared heap or frees a granule of it. No drain waits for the lock: a
 * CPU that finds it contended returns, and the holder looks at the list after it unlocks.
 *
 * One reordering is modelled: the store that unlocks may become visible to the other CPU after
 * the loads that follow it, up to the next full barrier.
 */
#define NR_CPUS		2
#define NR_GRANULES	3
#define REGION_GRANULES	2
#define DRAIN_MAX	1
#define FIRST_AT	{ LIVE, LIVE, FREE }
#define FIRST_TREE	4
/* Times that one call takes the lock to drain: more than there are pushes. */
#define DRAINS_MOST	8
#define CONTEXTS	3

#ifdef BUG_IRQS_ON
#define INTERRUPT
#endif

#include "contexts.pml"
#include "granules.pml"

bool locked;
/* The unlock is in the CPU's store buffer. */
bool unlocking[NR_CPUS];
/* Contexts that hold the lock; not in the code. */
byte inside;

#define flush(cpu)	locked = false; unlocking[cpu] = false

/* An atomic operation drains the CPU's store buffer first. */
inline try_lock(got)
{
	if
	:: unlocking[CPU] -> flush(CPU)
	:: else
	fi;
	got = !locked;
	if
	:: got -> locked = true; inside++; assert(inside == 1)
	:: else
	fi
}

/* Enable interrupts again where they were enabled: in a task. */
inline irq_restore()
{
	if
	:: level[CPU] == TASK -> irqs_off[CPU] = false
	:: else
	fi
}

inline irq_save()
{
	if
#ifndef BUG_IRQS_ON
	:: level[CPU] == TASK -> irqs_off[CPU] = true
#endif
	:: else
	fi
}

/* raw_spin_trylock_irqsave() */
inline trylock_irqsave(got)
{
	atomic {
		irq_save();
		try_lock(got);
		if
		:: !got -> irq_restore()
		:: else
		fi
	}
}

/* raw_spin_lock_irqsave(): the only wait. */
inline lock_irqsave(got)
{
	irq_save();
	do
	:: got -> break
	:: atomic { !got && (!locked || unlocking[CPU]) -> try_lock(got) }
	od
}

inline lock_or_try(got)
{
	if
#ifdef BUG_NMI_WAITS
	:: lock_irqsave(got)
#else
	:: level[CPU] != NMI -> lock_irqsave(got)
	:: level[CPU] == NMI -> trylock_irqsave(got)
#endif
	fi
}

inline unlock(got)
{
	atomic { inside--; unlocking[CPU] = true; got = false };
	irq_restore()
}

/* Not a wait: a buffered store becomes visible in any case. */
inline smp_mb()
{
#ifdef BUG_NO_BARRIER
	skip
#else
	atomic {
		if
		:: unlocking[CPU] -> flush(CPU)
		:: else
		fi
	}
#endif
}

/* The work under the lock is one step; mutual exclusion is asserted. */
inline shared_drain(got, g, t, n, times)
{
	smp_mb();
	do
	:: atomic { has_remote() -> assert(times < DRAINS_MOST); times++ };
	   trylock_irqsave(got);
	   if
	   :: !got -> printf("a drain found the lock contended\n"); break
	   :: got
	   fi;
	   atomic { drain(g, t, n) };
	   unlock(got);
#ifdef BUG_NO_LOOK_AFTER_UNLOCK
	   break;
#endif
	   smp_mb()
	:: atomic { !has_remote() -> break }
	od;
	times = 0
}

inline call(got, g, t, n, times)
{
	if
	:: lock_or_try(got);
	   if
	   :: got ->
		atomic { drain(g, t, n); tree_take(g, t) };
		unlock(got);
#ifndef BUG_ALLOC_LEAVES_LIST
		shared_drain(got, g, t, n, times)
#endif
	   :: else -> printf("no memory, in NMI\n")
	   fi
	:: pick_live(g);
	   if
	   :: g != NIL ->
		/* free_queue(): a push that has queued the region drains. */
		push(g, n);
		if
#ifndef BUG_FREE_LEAVES_LIST
		:: n -> n = 0; shared_drain(got, g, t, n, times)
#endif
		:: else -> n = 0
		fi
	   :: else
	   fi
	fi;
	g = 0
}

active [2] proctype task() provided (TASK_RUNS)
{
	bool got;
	byte g, t, n, times;

	call(got, g, t, n, times);
	finished++
}

#ifdef INTERRUPT
active proctype interrupt() provided (IRQ_RUNS)
{
	bool got;
	byte g, t, n, times;

	irq_enter();
	call(got, g, t, n, times);
	irq_exit();
	finished++
}
#else
active proctype nmi()
{
	bool got;
	byte g, t, n, times, was;

	nmi_enter(was);
	call(got, g, t, n, times);
	nmi_exit(was);
	finished++
}
#endif

active proctype store_buffers()
{
end:	do
	:: atomic { unlocking[0] -> flush(0) }
	:: atomic { unlocking[1] -> flush(1) }
	od
}

/* No byte is lost, and no push is left on the list. */
active proctype accounting()
{
	byte g;

	finished == CONTEXTS;
	!unlocking[0] && !unlocking[1];
	assert(!locked && inside == 0);
	assert(!has_remote());
	do
	:: g < NR_GRANULES ->
		assert(at[g] == LIVE || at[g] == FREE);
		assert((at[g] == FREE) == in_tree(g));
		g++
	:: else -> break
	od;
	printf("the accounting of the shared heap\n")
}
