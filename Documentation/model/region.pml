/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A region that empties and goes back to the pool, and who may be looking at it still.
 *
 *	table ---> our record ---> block: granule 0, live, freed on CPU 0
 *	                                  granule 1, live, freed on CPU 1
 *	table ---> their record -> the same block, later
 *
 * A task of the heap's CPU or an NMI that comes to it frees granule 0, a task of another CPU
 * granule 1. The owner's section that sees all of the region free retires it, and a task gives it
 * back: table, pool, record. Meanwhile a stray free of granule 0, which is free already,
 * looks it up, and as soon as the block is in the pool another instance makes a region of it.
 */
#define NR_CPUS		2
#define CONTEXTS	5

#include "contexts.pml"

#define NOBODY		0
#define OURS		1
#define THEIRS		2

/* What the table of owners leads to, and whether our record is there still. */
byte owner = OURS;
bool record_freed;

/* A bit for each granule: what is live, on its way, in the tree. */
byte ledger = 3;
byte remote;
byte tree;

bool busy;
bool retired;
bool pool_locked;
bool block_in_pool;
bool gone_for_good;

/* Who frees granule 0 has been settled; it has been freed. */
bool claimed;
bool freed;

/* Who is in a stretch with preemption off, by process: a grace period waits for it. */
bool looking[CONTEXTS];

#define touch_record()	assert(!record_freed)

/* buddy_owner(), with preemption off from here on. */
inline look_up(record)
{
	atomic {
		if
		:: level[CPU] == TASK -> preempt_disable()
		:: else
		fi;
		looking[_pid] = true
	};
	record = owner
}

inline look_away(record)
{
	atomic {
		looking[_pid] = false;
		record = NOBODY;
		if
		:: level[CPU] == TASK -> preempt_enable()
		:: else
		fi
	}
}

/* The end of a free or a drain: a region that is one free extent is empty. */
inline region_changed()
{
	if
#ifdef BUG_EMPTY_BY_LEDGER
	:: ledger == 0 && owner == OURS -> retired = true
#else
	:: tree == 3 && owner == OURS -> retired = true
#endif
	:: else
	fi
}

/* A section of the heap's CPU, if it is not open already; @mine: it frees granule 0. */
inline section(record, mine, give)
{
	look_up(record);
	if
	:: mine ->
		assert(record == OURS);
		touch_record();
		atomic { ledger = ledger & 2; freed = true }
	:: else
	fi;
	if
	:: atomic { busy && mine -> remote = remote | 1 }
	:: atomic { busy && !mine -> skip }
	:: !busy ->
		busy = true;
		if
		:: mine -> touch_record(); tree = tree | 1; region_changed()
		:: else
		fi;
		do
		:: remote & 1 ->
			/* dt_heap_drain() asks the table whose each run is. */
			assert(owner == OURS);
			touch_record();
			atomic { remote = remote & 2; tree = tree | 1 };
			region_changed()
		:: remote & 2 ->
			assert(owner == OURS);
			touch_record();
			atomic { remote = remote & 1; tree = tree | 2 };
			region_changed()
		:: else -> break
		od;
		atomic {
			if
#ifdef BUG_NMI_GIVES_BACK
			:: retired -> give = true; retired = false
#else
			:: retired && level[CPU] != NMI -> give = true; retired = false
#endif
			:: else
			fi
		};
		busy = false
	fi;
	look_away(record)
}

/* To take a block out or to put one back, in any context but NMI. */
inline pool_lock()
{
	atomic { !pool_locked -> pool_locked = true }
}

inline put_block()
{
	pool_lock();
	/* Nothing of it is live, or on its way. */
	atomic { assert(ledger == 0 && remote == 0); block_in_pool = true };
	pool_locked = false
}

/* dt_region_destroy() */
inline give_back(give)
{
	if
	:: give ->
#ifdef BUG_PUT_BEFORE_CLEARED
		put_block();
		owner = NOBODY;
#else
		owner = NOBODY;
		put_block();
#endif
		atomic { gone_for_good = true; give = false }
	:: else
	fi
}

/* The heap's CPU: something else with the pool, a section, and more as they are needed. */
active proctype task() provided (TASK_RUNS)
{
	byte record;
	bool mine, give;

	pool_lock();
	pool_locked = false;
	if
	:: atomic { !claimed -> claimed = true; mine = true };
	   section(record, mine, give);
	   give_back(give);
	   mine = false
	:: skip
	fi;
	do
	:: !gone_for_good && (remote != 0 || retired) ->
		section(record, mine, give);
		give_back(give)
	:: gone_for_good -> break
	od;
	finished++
}

/* Another CPU's free: granule 1 goes to its owner. */
active proctype other() provided (TASK_RUNS)
{
	byte record;

	look_up(record);
	assert(record == OURS);
	touch_record();
	ledger = ledger & 1;
	remote = remote | 2;
#ifdef BUG_LOOK_AFTER_PREEMPT_ON
	look_away(record);
	touch_record();
#else
	/* Was it the shared heap's? The record is looked at once more. */
	touch_record();
	look_away(record);
#endif
	finished++
}

active proctype nmi()
{
	byte record, was;
	bool mine, give;

	nmi_enter(was);
	if
	:: atomic { !claimed -> claimed = true; mine = true };
	   section(record, mine, give);
	   if
	   :: retired -> printf("an NMI has emptied it\n")
	   :: else
	   fi;
	   give_back(give)
	:: atomic { claimed -> skip }
	fi;
	nmi_exit(was);
	finished++
}

/* A free of what is free already: refused, whatever it finds. */
active proctype stray() provided (TASK_RUNS)
{
	byte record;

	freed;
	look_up(record);
	if
	:: record == OURS ->
		touch_record();
		assert((ledger & 1) == 0);
		touch_record();
		if
		:: owner == NOBODY -> printf("it looks at a record that is gone from the table\n")
		:: else
		fi
	:: record == THEIRS -> printf("not of this instance\n")
	:: record == NOBODY
	fi;
	look_away(record);
	finished++
}

/* Another instance takes the block; what it has in it can be found, and freed. */
active proctype rival() provided (TASK_RUNS)
{
	block_in_pool;
	pool_lock();
	pool_locked = false;
	owner = THEIRS;
	gone_for_good;
	assert(owner == THEIRS);
	finished++
}

/* call_rcu(): the record is freed when nobody can be looking at it any more. */
active proctype grace_period()
{
	byte i;

	gone_for_good;
#ifndef BUG_NO_GRACE_PERIOD
	do
	:: i < CONTEXTS -> !looking[i]; i++
	:: else -> break
	od;
#endif
	record_freed = true
}

active proctype balance()
{
	finished == CONTEXTS && record_freed;
	assert(tree == 3 && ledger == 0 && remote == 0 && !busy && !retired && !pool_locked);
	printf("the end of the region\n")
}
