/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reclaim: a heap returns memory, by an interrupt to its CPU, or directly while its CPU is
 * offline. And the destruction of the instance.
 *
 *	granule 0	on the remote list from the start
 *	granule 1	hot from the start
 *	granule 2	live; a task frees it, on the heap's CPU if that is online, else on another
 *
 * Two reclaim: dualtree_shrink(), and the pass over idle heaps, which finds the instance in the
 * list of all. Meanwhile the CPU goes offline and returns. When the users have ended, the
 * instance is destroyed; the pass may still run.
 *
 * All processes may be preempted outside of sections, so only the heap's CPU has contexts.
 */
#define NR_CPUS		1
#define USERS		2
#define DRAIN_MAX	1

#include "contexts.pml"

/* The heap: sets of granules. Reading the tree and writing it are two steps. */
byte tree;
byte hot = 2;
byte remote = 1;
byte pending;
bool busy;
#define ALL	7

/* Contexts that are touching the heap; not in the code. */
byte inside;
bool destroyed;

/* The CPU hotplug lock, and what it guards. */
byte cpu_readers;
bool cpu_writer;
bool online = true;

bool instances_lock;
bool listed = true;
bool offline_lock;

/* An interrupt in flight, and the result of the last one. */
#define SHRINK	0
#define PASS	1
#define DEAD	2
bool sent[2];
bool more[2];
/* The remote list was taken: later pushes are left. */
bool taken[3];

#define lock(l)		atomic { !l -> l = true }
#define unlock(l)	l = false

inline cpus_read_lock()
{
#ifdef BUG_NO_CPUS_LOCK
	skip
#else
	atomic { !cpu_writer -> cpu_readers++ }
#endif
}

inline cpus_read_unlock()
{
#ifdef BUG_NO_CPUS_LOCK
	skip
#else
	cpu_readers--
#endif
}

/* One owner at a time, and none after the heap is freed. */
inline touch()
{
	atomic { inside++; assert(inside == 1 && !destroyed) }
}

inline tree_add(set, t)
{
	atomic { assert((tree & set) == 0); t = tree };
	atomic { tree = t | set; t = 0 }
}

/* reclaim_step(): drains at most one run. Owner. */
inline reclaim_step(who, again, t)
{
	touch();
	if
	:: pending != 0 || !taken[who] ->
		atomic {
			if
			:: pending == 0 ->
				taken[who] = true;
				pending = remote;
				remote = 0
			:: else
			fi
		};
		if
		:: atomic { pending & 1 -> pending = pending & ~1 }; tree_add(1, t)
		:: atomic { !(pending & 1) && pending != 0 -> pending = pending & ~4 };
		   tree_add(4, t)
		:: else
		fi;
		again = true
	:: else ->
		if
		:: atomic { hot != 0 -> t = tree };
		   atomic { tree = t | hot; hot = 0; t = 0 }
		:: else
		fi;
		again = false
	fi;
	inside--
}

/* walk_interrupt(): enters a section, as an interrupt that allocates does. */
inline reclaim_interrupt(who, t)
{
	if
#ifdef BUG_INTERRUPT_ENTERS_BUSY
	:: true ->
#else
	:: !busy ->
#endif
		busy = true;
		reclaim_step(who, more[who], t);
		busy = false
	:: busy ->
		printf("the interrupt has found a section open\n");
#ifdef BUG_ASKER_GIVES_UP
		more[who] = false
#endif
	fi
}

/* dt_walk_online(): sends until there is no more. */
inline reclaim_online(who)
{
	more[who] = true;
	do
	:: more[who] ->
		sent[who] = true;
		!sent[who]
	:: else -> break
	od
}

/* walk_offline() */
inline walk_offline(who, again, t)
{
#ifndef BUG_OFFLINE_UNLOCKED
	lock(offline_lock);
#endif
	do
	:: reclaim_step(who, again, t);
	   if
	   :: !again -> break
	   :: else
	   fi
	od;
#ifndef BUG_OFFLINE_UNLOCKED
	unlock(offline_lock)
#endif
}

/* reclaim_cpu(): all that was free when it began has been returned when it ends. */
inline reclaim_cpu(who, again, t)
{
	if
	:: online -> reclaim_online(who)
	:: else -> walk_offline(who, again, t)
	fi;
	assert(tree & 1);
	assert(tree & 2)
}

/* A user frees granule 2, on either CPU. */
active proctype task() provided (TASK_RUNS)
{
	byte t;
	bool here;

	atomic { preempt_disable(); here = online };
	if
	:: here ->
		busy = true;
		touch();
		if
		:: atomic { hot != 0 -> t = tree };
		   atomic { tree = t | hot; t = 0; hot = 0 }
		:: else
		fi;
		atomic { hot = 4; inside-- };
		busy = false
	:: else ->
		printf("its CPU is offline\n");
		remote = remote | 4
	fi;
	preempt_enable();
	finished++
}

active proctype interrupt()
{
	byte t;

end:	do
	:: atomic { (sent[SHRINK] || sent[PASS]) && online && level[0] == TASK ->
			level[0] = IRQ };
	   if
	   :: sent[SHRINK] -> reclaim_interrupt(SHRINK, t); sent[SHRINK] = false
	   :: else -> reclaim_interrupt(PASS, t); sent[PASS] = false
	   fi;
	   level[0] = TASK
	od
}

/* dualtree_shrink(): a user's call. */
active proctype shrink()
{
	byte t;
	bool again;

	cpus_read_lock();
	reclaim_cpu(SHRINK, again, t);
	cpus_read_unlock();
	finished++
}

/* next_pass(), of an instance in the list. */
active proctype pass()
{
	byte t;
	bool again;

#ifdef BUG_LOCKS_SWAPPED
	lock(instances_lock);
	cpus_read_lock();
#else
	cpus_read_lock();
	lock(instances_lock);
#endif
	if
	:: listed -> reclaim_cpu(PASS, again, t)
	:: else -> printf("the pass comes too late\n")
	fi;
	unlock(instances_lock);
	cpus_read_unlock()
}

/*
 * The CPU goes offline and returns. It goes when its tasks may be preempted and no interrupt
 * is in flight.
 */
active proctype hotplug()
{
	byte t;
	bool again;

	atomic { !cpu_writer -> cpu_writer = true };
	cpu_readers == 0;
	atomic { preempt_off[0] == 0 && level[0] == TASK -> online = false };
	/* cpu_dead() */
	lock(instances_lock);
	if
	:: listed ->
		walk_offline(DEAD, again, t);
		assert(tree & 1);
		assert(tree & 2)
	:: else
	fi;
	unlock(instances_lock);
	cpu_writer = false;

	atomic { !cpu_writer -> cpu_writer = true };
	cpu_readers == 0;
	online = true;
	cpu_writer = false
}

/* dualtree_destroy(): after the users have ended, in any state of the pass and the CPUs. */
active proctype destroy()
{
	finished == USERS;
#ifndef BUG_DESTROYED_IN_LIST
	lock(instances_lock);
	listed = false;
	unlock(instances_lock);
#endif
	atomic {
		assert(inside == 0);
		destroyed = true;
		/* All granules are there, once. */
		assert((tree | hot | remote | pending) == ALL);
		assert(tree + hot + remote + pending == ALL)
	};
	printf("the end of the instance\n")
}
