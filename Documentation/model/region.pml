/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A region that empties and returns to the pool, while lookups may still use its record.
 *
 *	table ---> our record ---> block: granule 0, live, freed on CPU 0
 *	                                  granule 1, live, freed on CPU 1
 *	table ---> their record -> the same block, later
 *
 * Granule 0 is freed by a task of the heap's CPU or by an NMI there, granule 1 by a task of
 * another CPU. The owner's section that finds the region free retires it, and a task returns
 * it: table, pool, record. Meanwhile a stray free of granule 0, a double free, looks it up. As
 * soon as the block is in the pool, another instance makes a region of it.
 */
#define NR_CPUS		2
#define CONTEXTS	5

#include "contexts.pml"

#define NOBODY		0
#define OURS		1
#define THEIRS		2

/* The table's entry, and whether our record still exists. */
byte owner = OURS;
bool record_freed;

/* A bit per granule: live, in flight, in the tree. */
byte ledger = 3;
byte remote;
byte tree;

bool busy;
bool retired;
bool pool_locked;
bool block_in_pool;
bool gone_for_good;

/* Granule 0: its freeing context is chosen; it has been freed. */
bool claimed;
bool freed;

/* Preemption is off, by process: a grace period waits for these. */
bool looking[CONTEXTS];

#define touch_record()	assert(!record_freed)

/* buddy_owner(), with preemption off from here on. */
inline lookup_begin(record)
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

inline lookup_end(record)
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

/* At the end of a free or a drain: a region that is one free extent is empty. */
inline region_check_empty()
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

/* A section of the heap's CPU, if none is open. @mine: it frees granule 0. */
inline section(record, mine, give)
{
	lookup_begin(record);
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
		:: mine -> touch_record(); tree = tree | 1; region_check_empty()
		:: else
		fi;
		do
		:: remote & 1 ->
			/* dt_heap_drain() looks each run's region up. */
			assert(owner == OURS);
			touch_record();
			atomic { remote = remote & 2; tree = tree | 1 };
			region_check_empty()
		:: remote & 2 ->
			assert(owner == OURS);
			touch_record();
			atomic { remote = remote & 1; tree = tree | 2 };
			region_check_empty()
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
	lookup_end(record)
}

/* For taking a block and for returning one. Any context but NMI. */
inline pool_lock()
{
	atomic { !pool_locked -> pool_locked = true }
}

inline put_block()
{
	pool_lock();
	/* Nothing of it is live or in flight. */
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

/* The heap's CPU: another user of the pool, a section, and more sections if needed. */
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

/* Another CPU frees granule 1: a push. */
active proctype other() provided (TASK_RUNS)
{
	byte record;

	lookup_begin(record);
	assert(record == OURS);
	touch_record();
	ledger = ledger & 1;
	remote = remote | 2;
#ifdef BUG_LOOK_AFTER_PREEMPT_ON
	lookup_end(record);
	touch_record();
#else
	/* free_slow() reads region->heap once more, for the shared heap. */
	touch_record();
	lookup_end(record);
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

/* A double free: refused, whichever record it finds. */
active proctype stray() provided (TASK_RUNS)
{
	byte record;

	freed;
	lookup_begin(record);
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
	lookup_end(record);
	finished++
}

/* Another instance takes the block; its granules can be looked up and freed. */
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

/* call_rcu(): the record is freed after a grace period. */
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

active proctype accounting()
{
	finished == CONTEXTS && record_freed;
	assert(tree == 3 && ledger == 0 && remote == 0 && !busy && !retired && !pool_locked);
	printf("the end of the region\n")
}
