/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A region that empties and returns to the pool, while lookups may still use its record, and
 * while the record may be queued.
 *
 *	table ---> our record ---> block: granule 0, live, freed on CPU 0
 *	                                  granule 1, live, freed on CPU 1
 *	table ---> their record -> the same block, later
 *
 * Granule 0 is freed by a task of the heap's CPU or by an NMI there, granule 1 by a task of
 * another CPU. Both have the same bit of the map, so the owner may find a mark before its bit is
 * set: the push is still under way when the region is free. The owner's section that finds it
 * free retires it, and a task returns it: table, pool, record. A record that is queued is freed
 * by the section that takes it off the queue. Meanwhile a stray free of granule 0, a double free,
 * looks it up. As soon as the block is in the pool, another instance makes a region of it.
 */
#define NR_CPUS		2
#define CONTEXTS	5

#include "contexts.pml"

#define NO_OWNER	0
#define OURS		1
#define THEIRS		2

/* The table's entry, and whether our record still exists. */
byte owner = OURS;
bool record_freed;

/* Values of a count. */
#define DEAD	0
#define LIVE	1
#define OWNED	2

/* The record: the ledger, a bit of the map, the state. */
byte ledger[2] = LIVE;
bool map;
#define IDLE	0
#define QUEUED	1
#define RETIRED	2
byte state;

/* The record is in the heap's queue, or in what the owner has taken of it. */
bool remote, pending;
byte tree;
/* Granule 0 is cold: the owner's, and in use as far as the region knows. */
bool cold;

/* Of a drain: the bit was taken. */
bool taken;

bool busy;
/* In the heap's list of what a task is to return or, if the region was destroyed, to free. */
bool retired;
bool pool_locked;
bool block_in_pool;
bool destroyed;
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
		record = NO_OWNER;
		if
		:: level[CPU] == TASK -> preempt_enable()
		:: else
		fi
	}
}

/*
 * At the end of a free or a drain: a region that is one free extent is empty. What is cold goes
 * into the tree if nothing else is in use: dt_evict_run().
 */
inline region_check_empty()
{
#ifndef BUG_COLD_KEEPS_REGION
	if
	:: cold && tree == 2 -> d_step { cold = false; tree = 3 };
	   printf("a cold range goes with its region\n")
	:: else
	fi;
#endif
	if
#ifdef BUG_EMPTY_BY_LEDGER
	:: ledger[0] != LIVE && ledger[1] != LIVE && owner == OURS -> retired = true
#else
	:: tree == 3 && owner == OURS -> retired = true
#endif
	:: else
	fi
}

/* remote_mark(), dt_remote_queue() */
inline push(g)
{
	atomic { touch_record(); assert(ledger[g] == LIVE); ledger[g] = DEAD };
	freed = freed || g == 0;
	atomic { touch_record(); map = true };
	touch_record();
	if
	:: atomic { state == IDLE -> state = QUEUED };
	   atomic { touch_record(); assert(!remote); remote = true }
	:: atomic { state == QUEUED -> skip }
	:: atomic { state == RETIRED -> printf("a push ends after its region\n") }
	fi
}

/* drain_run() */
inline drain_run(g)
{
	if
	:: atomic { ledger[g] == DEAD -> touch_record(); assert(owner == OURS); ledger[g] = OWNED };
	   tree = tree | (1 << g);
	   region_check_empty()
	:: atomic { ledger[g] != DEAD -> touch_record() }
	fi
}

/* drain_region() */
inline drain_region()
{
	atomic { touch_record(); taken = map; map = false };
	if
	:: taken -> drain_run(0); drain_run(1)
	:: else
	fi;
	taken = false
}

/* The end of dt_remote_finish(), if bits were set during the drain: else it is taken off. */
inline queue_again()
{
	if
	:: atomic { map -> touch_record() };
	   if
	   :: atomic { state == IDLE -> state = QUEUED }
	   :: atomic { state != IDLE -> pending = false }
	   fi
	:: atomic { !map -> touch_record() };
	   pending = false
	fi
}

/* dt_heap_drain() */
inline drain()
{
	do
	:: atomic { remote && !pending -> remote = false; pending = true }
	:: pending ->
	   drain_region();
	   touch_record();
	   if
#ifdef BUG_DRAIN_STORES_IDLE
	   :: state = IDLE;
	      queue_again()
#else
	   :: atomic { state == QUEUED -> state = IDLE };
	      queue_again()
	   :: atomic { state != QUEUED -> pending = false };
	      atomic { assert(state == RETIRED && !retired); retired = true };
	      printf("a region was destroyed while it was queued\n")
#endif
	   fi
	:: atomic { !remote && !pending -> break }
	od
}

/* A section of the heap's CPU, if none is open. @mine: it frees granule 0. */
inline section(record, mine, give)
{
	lookup_begin(record);
	if
	:: mine -> assert(record == OURS)
	:: else
	fi;
	if
	:: atomic { busy && mine -> skip };
	   push(0)
	:: atomic { busy && !mine -> skip }
	:: !busy ->
		busy = true;
		if
		:: mine ->
			atomic { touch_record(); ledger[0] = OWNED; freed = true };
			if
			:: tree = tree | 1
			:: cold = true
			fi;
			region_check_empty()
		:: else
		fi;
		drain();
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

#define in_use(g)	(ledger[g] == LIVE || ledger[g] == DEAD)

inline put_block()
{
	pool_lock();
	/* Nothing of it is live or in flight. */
#ifndef BUG_DESTROYED_IS_DEAD
	assert(!in_use(0) && !in_use(1));
#endif
	block_in_pool = true;
	pool_locked = false
}

/* The end of dt_region_destroy(): call_rcu(), unless the record is queued. */
inline retire_record()
{
	touch_record();
#if defined(BUG_QUEUED_IS_FREED)
	state = RETIRED;
	gone_for_good = true
#elif defined(BUG_RETIRED_WITHOUT_XCHG)
	if
	:: state == QUEUED -> state = RETIRED
	:: state != QUEUED -> state = RETIRED; gone_for_good = true
	fi
#else
	if
	:: atomic { state == QUEUED -> state = RETIRED };
	   printf("a queued record is kept\n")
	:: atomic { state != QUEUED -> state = RETIRED };
	   gone_for_good = true
	fi
#endif
}

/* The ledger of a region that is destroyed has no mark that a drain takes. */
inline clear_owner()
{
	owner = NO_OWNER;
	atomic {
		touch_record();
		assert(!in_use(0) && !in_use(1));
#ifdef BUG_DESTROYED_IS_DEAD
		ledger[0] = DEAD;
		ledger[1] = DEAD
#else
		ledger[0] = OWNED;
		ledger[1] = OWNED
#endif
	}
}

/* dt_regions_put(), dt_region_destroy() */
inline give_back(give)
{
	if
	:: give && state == RETIRED -> gone_for_good = true
	:: give && state != RETIRED ->
#ifdef BUG_PUT_BEFORE_CLEARED
		put_block();
		clear_owner();
#else
		clear_owner();
		put_block();
#endif
		destroyed = true;
		retire_record()
	:: else
	fi;
	give = false
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
	:: section(record, mine, give);
	   give_back(give)
	fi;
	do
	:: !gone_for_good && (remote || pending || retired) ->
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
#ifdef BUG_PUSH_WITH_PREEMPT_ON
	lookup_end(record);
	push(1);
#else
	push(1);
	lookup_end(record);
#endif
	finished++
}

/* An NMI frees granule 0, or allocates. A second one allocates. */
active proctype nmi()
{
	byte record, was;
	bool mine, give;

	nmi_enter(was);
	if
	:: atomic { !claimed -> claimed = true; mine = true }
	:: atomic { claimed -> skip }
	fi;
	section(record, mine, give);
	if
	:: retired -> printf("an NMI has emptied it\n")
	:: else
	fi;
	give_back(give);
	mine = false;
	nmi_exit(was);
	nmi_enter(was);
	section(record, mine, give);
	give_back(give);
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
		assert(ledger[0] != LIVE);
		touch_record();
		if
		:: owner == NO_OWNER -> printf("it looks at a record that is gone from the table\n")
		:: else
		fi
	:: record == THEIRS -> printf("not of this instance\n")
	:: record == NO_OWNER
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
	destroyed;
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
	assert(tree == 3 && !cold && !remote && !pending && !busy && !retired && !pool_locked);
	printf("the end of the region\n")
}
