/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of a region is cut off and returns to the pool, while its granules are freed, and a free
 * or a growth may have looked at the region before.
 *
 *	table ---> our record ---> granule 0, live, freed on CPU 0
 *	                           granule 1, a page of its own, live, freed on CPU 1
 *	table ---> their record -> that page, later
 *
 * The owner's section cuts off what is in the tree; the table forgets the page in the same section,
 * and a task returns it after that. Meanwhile a stray free of granule 1, a double free, looks it
 * up, and the user of granule 0 grows by what it has seen of the region's length. As soon as the
 * page is in the pool, another instance makes a region of it.
 */
#define NR_CPUS		2
#define CONTEXTS	5

#include "contexts.pml"

#define NO_OWNER	0
#define OURS		1
#define THEIRS		2

/* The table's entry for the page of granule 1. */
byte owner = OURS;

/* Values of a count; FREE is the mark of an extent. */
#define DEAD	0
#define LIVE	1
#define OWNED	2
#define FREE	3

byte ledger[2] = LIVE;
byte nr = 2;
byte tree;
bool map;
#define in_tree(g)	((tree >> (g)) & 1)
/* The heap's count of granules in flight. */
byte in_flight;

bool busy;
/* The page is cut off and not in the pool yet; is in the pool; is another's. */
bool tail;
bool in_pool;
bool taken;
/* Granule 1 has been freed; granule 0 has no user that may free or grow it any more. */
bool freed;
bool claimed;

inline section_enter()
{
	atomic { !busy -> preempt_disable(); busy = true }
}

inline section_exit()
{
	atomic { busy = false; preempt_enable() }
}

/* dt_extent_tree_free(): what the ledger says is adjacent merges, and so is in the tree. */
inline tree_free(g)
{
	if
	:: ledger[1 - g] == FREE -> assert(in_tree(1 - g))
	:: else
	fi;
	d_step { assert(g < nr); ledger[g] = FREE; tree = tree | (1 << g) }
}

/* remote_mark(). The region is queued: the drain looks at the map. */
inline push(g)
{
	d_step { assert(ledger[g] == LIVE); ledger[g] = DEAD; in_flight++ };
	map = true
}

/* drain_run(): the bit is of both granules. */
inline drain_run(g)
{
	if
	:: atomic { ledger[g] == DEAD -> ledger[g] = OWNED; in_flight-- };
	   tree_free(g)
	:: atomic { ledger[g] != DEAD -> skip }
	fi
}

/* dt_heap_drain() */
inline drain()
{
	if
	:: atomic { map -> map = false };
	   drain_run(0);
	   drain_run(1)
	:: atomic { !map -> skip }
	fi
}

#ifdef BUG_CUT_IN_FLIGHT
#define end_is_free()	(nr == 2 && ledger[1] != LIVE)
#else
#define end_is_free()	(nr == 2 && in_tree(1))
#endif

/* buddy_set_owner() */
inline forget_page()
{
	owner = NO_OWNER
}

/* trim_region(), dt_heap_cut(). Not at the first look: the end may be needed soon. */
inline trim_region()
{
	if
	:: skip
	:: end_is_free() ->
#ifndef BUG_CUT_KEEPS_MARK
	   ledger[1] = OWNED;
#endif
	   d_step { tree = tree & 1; nr = 1 };
#ifdef BUG_PUT_BEFORE_FORGOTTEN
	   in_pool = true;
#endif
	   forget_page();
	   tail = true
	fi
}

/* dt_trim_put(): outside of the section. */
inline trim_put()
{
	if
	:: atomic { tail -> tail = false };
	   assert(!in_tree(1) && ledger[1] != DEAD);
	   in_pool = true
	:: atomic { !tail -> skip }
	fi
}

/* Reclaim looks at the heap, three times. */
active proctype trim() provided (TASK_RUNS)
{
	byte i;

	do
	:: i < 3 ->
		section_enter();
		drain();
		trim_region();
		section_exit();
		trim_put();
		i++
	:: else -> break
	od;
	if
	:: nr == 1 -> printf("the end is cut off\n")
	:: else
	fi;
	finished++
}

/* Another CPU frees granule 1; a stray free of it comes later. */
active proctype other() provided (TASK_RUNS)
{
	byte record;

	push(1);
	freed = true;
	preempt_disable();
	record = owner;
	if
	:: record == OURS -> assert(ledger[1] != LIVE || claimed)
	:: record == THEIRS -> printf("a stray free is another instance's\n")
	:: record == NO_OWNER -> printf("a stray free finds no region\n")
	fi;
	preempt_enable();
	finished++
}

/* The user of granule 0 frees it, or grows by granule 1 if the region had that. */
active proctype user() provided (TASK_RUNS)
{
	byte seen;

	if
	:: section_enter();
	   ledger[0] = OWNED;
	   tree_free(0);
	   section_exit()
	:: seen = nr;
	   if
	   :: seen == 2 ->
		section_enter();
		if
#ifdef BUG_GROWS_BY_OLD_LENGTH
		:: ledger[1] != LIVE && ledger[1] != DEAD ->
#else
		:: ledger[1] == FREE ->
#endif
			assert(nr == 2 && in_tree(1));
			d_step { tree = tree & 1; ledger[1] = LIVE; claimed = true };
			printf("a range grows by the end\n")
		:: else -> printf("a range does not grow\n")
		fi;
		section_exit()
	   :: else -> printf("a range sees that the end is gone\n")
	   fi
	fi;
	finished++
}

/* Another CPU looks: nothing, so that both have as many contexts. */
active proctype idle() provided (TASK_RUNS)
{
	finished++
}

/* Another instance takes the page. */
active proctype rival()
{
	if
	:: in_pool -> owner = THEIRS; taken = true; assert(owner == THEIRS)
	:: finished == CONTEXTS - 1 && !in_pool -> skip
	fi;
	finished++
}

active proctype accounting()
{
	finished == CONTEXTS;
	assert(!busy && !tail);
	assert(!taken || (owner == THEIRS && nr == 1 && !in_tree(1)));
	assert(nr == 2 || ledger[1] == OWNED);
	assert(in_flight == (ledger[0] == DEAD) + (ledger[1] == DEAD));
	printf("the end of the calls\n")
}
