/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reclaim: a heap returns memory, by an interrupt to its CPU, or directly while its CPU is
 * offline. And the destruction of the instance.
 *
 *	granules 0, 3	in flight from the start
 *	granule 1	hot from the start
 *	granule 2	live; a task frees it, on the heap's CPU if that is online, else on another
 *
 * All are in one region, which is queued, with a bit of its map for each.
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
bool busy;
#define ALL	15

/* Granules that are marked dead, and the map. */
byte dead = 9;
byte map = 9;
/* The region's state, and the lists that it is in. */
bool queued = true;
bool remote = true, pending;
/* Of a drain: the bits that were taken, and the granule. */
byte bits, drained;

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

/* remote_mark(), dt_remote_queue() */
inline push(set)
{
	dead = dead | set;
	map = map | set;
	if
	:: atomic { !queued -> queued = true };
	   remote = true
	:: atomic { queued -> skip }
	fi
}

/* dt_remote_finish(). */
inline remote_finish()
{
	queued = false;
	if
	:: atomic { map != 0 -> skip };
	   if
	   :: atomic { !queued -> queued = true }
	   :: atomic { queued -> printf("a push has queued what is left\n"); pending = false }
	   fi
	:: atomic { map == 0 -> skip };
	   pending = false
	fi
}

/* dt_heap_drain(): at most one bit. The region stays queued where others are left. Owner. */
inline drain_one(set, t)
{
#ifdef BUG_IDLE_WHILE_DRAINED
	queued = false;
#endif
	atomic {
		bits = map;
		map = 0;
		set = (bits & 1 -> 1 : (bits & 4 -> 4 : bits & 8));
		bits = bits & ~set
	};
	if
	:: atomic { (dead & set) != 0 -> dead = dead & ~set };
	   tree_add(set, t)
	:: atomic { (dead & set) == 0 -> skip }
	fi;
	if
	:: atomic { bits != 0 -> map = map | bits };
#ifdef BUG_IDLE_WHILE_DRAINED
	   remote_finish()
#endif
	:: atomic { bits == 0 -> skip };
	   remote_finish()
	fi;
	atomic { bits = 0; set = 0 }
}

/* reclaim_step(). Owner. */
inline reclaim_step(who, again, t)
{
	touch();
	if
	:: pending || !taken[who] ->
		atomic {
			if
			:: !pending ->
				taken[who] = true;
				pending = remote;
				remote = false
			:: else
			fi
		};
		if
		:: pending -> drain_one(drained, t)
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

/* visits_interrupt(): enters a section, as an interrupt that allocates does. */
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

/* reclaim_online(): sends until there is no more. */
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

/* All that was free when it began has been returned. */
inline assert_reclaimed()
{
	assert((tree & 11) == 11)
}

/* dt_reclaim_cpu() */
inline reclaim_cpu(who, again, t)
{
	if
	:: online -> reclaim_online(who)
	:: else -> walk_offline(who, again, t)
	fi;
	assert_reclaimed()
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
		push(4)
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

/* pass_step(), of an instance in the list. */
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
		assert_reclaimed()
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
		assert((tree | hot | dead) == ALL);
		assert(tree + hot + dead == ALL);
		assert(dead == 0 || queued)
	};
	printf("the end of the instance\n")
}
