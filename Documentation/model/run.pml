/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs in flight: their marks, the bits that they share, and the owner that merges them.
 *
 *	granule     0     1     2     3     4     5     6     7
 *	         |---------- A ---------|---- B ----|- C -|owner's
 *	bit      |---------- 0 ---------|---------- 1 ----------|
 *
 * Three CPUs free one run each, of a region that the owner drains meanwhile, or takes a run of for
 * a request. The marks inside a
 * run are stored by words, which overlap; here granule by granule, so granule 2 is stored twice.
 *
 * at[] is the state that the rules allow, as in granules.pml: a store to the count of a granule
 * that the owner has taken fails at once.
 */
#define NR_CPUS		4
#define NR_GRANULES	8
#define BIT_GRANULES	4
#define NR_BITS		2
/* Max looks for a run in one drain. */
#define DRAIN_MAX	2
#define PUSHERS		3

#include "contexts.pml"

/* Values of a count. */
#define DEAD	0
#define FULL	1
#define INSIDE	2
#define OWNED	3

byte ledger[NR_GRANULES] = { FULL, FULL, FULL, FULL, FULL, FULL, FULL, OWNED };

/* Not in the code. */
#define MINE	0	/* claimed by a free that has not ended */
#define FLIGHT	1	/* marked dead */
#define FREE	2	/* in the heap */

byte at[NR_GRANULES] = { MINE, MINE, MINE, MINE, MINE, MINE, MINE, FREE };

byte map;
bool queued;
/* The region is in the heap's queue, or in what the owner has taken of it. */
bool remote, pending;

inline store_one(g)
{
	atomic { assert(at[g] != FREE); ledger[g] = INSIDE }
}

/* ledger_set() of the @nr granules after @first. */
inline store_inside(first, nr)
{
	if
	:: nr == 3 ->
		store_one(first + 1);
		store_one(first + 2);
		store_one(first + 2);
		store_one(first + 3)
	:: nr == 1 -> store_one(first + 1)
	:: else
	fi
}

/* All granules of the run are in flight: the owner may take them. */
inline mark_dead(first, nr)
{
	d_step {
		assert(at[first] == MINE);
		ledger[first] = DEAD;
		g = first;
		do
		:: g <= first + nr -> assert(at[g] == MINE); at[g] = FLIGHT; g++
		:: else -> break
		od;
		g = 0
	}
}

inline set_bit(first)
{
	map = map | (1 << ((first) / BIT_GRANULES))
}

inline queue_region()
{
	if
	:: atomic { !queued -> queued = true };
	   remote = true
	:: atomic { queued -> skip }
	fi
}

/* remote_mark(), dt_remote_queue() of @first and @nr more. */
inline push(first, nr)
{
#if defined(BUG_MARK_BEFORE_INSIDE)
	mark_dead(first, nr);
	store_inside(first, nr);
	set_bit(first);
	queue_region();
#elif defined(BUG_INSIDE_AFTER_PUSH)
	mark_dead(first, nr);
	set_bit(first);
	queue_region();
	store_inside(first, nr);
#else
	store_inside(first, nr);
	mark_dead(first, nr);
	set_bit(first);
	queue_region();
#endif
	finished++
}

active proctype pusher_a() provided (TASK_RUNS)
{
	byte g;

	push(0, 3)
}

active proctype pusher_b() provided (TASK_RUNS)
{
	byte g;

	push(4, 1)
}

active proctype pusher_c() provided (TASK_RUNS)
{
	byte g;

	push(6, 0)
}

#ifdef BUG_TAKES_INSIDE
#define begins_run(count)	((count) == DEAD || (count) == INSIDE)
#else
#define begins_run(count)	((count) == DEAD)
#endif

/* dead_start(): @first is NR_GRANULES if there is none. */
inline dead_start()
{
	first = bit_nr * BIT_GRANULES;
	do
	:: first == (bit_nr + 1) * BIT_GRANULES -> first = NR_GRANULES; break
	:: first < (bit_nr + 1) * BIT_GRANULES ->
		if
		:: atomic { begins_run(ledger[first]) -> break }
		:: atomic { !begins_run(ledger[first]) -> first++ }
		fi
	od
}

/*
 * drain_run(), and dead_end(), which reads several granules at a time. @done: there is nothing of
 * the bit's granules after the run.
 */
inline drain_run()
{
	end = first + 1;
	do
	:: end == NR_GRANULES -> break
	:: end < NR_GRANULES ->
		if
		:: atomic { ledger[end] == INSIDE -> end++ }
		:: atomic { ledger[end] == DEAD -> end++; printf("two runs are taken as one\n") }
		:: atomic { ledger[end] != INSIDE && ledger[end] != DEAD -> break }
		fi
	od;
	atomic {
		do
		:: first < end ->
			assert(at[first] == FLIGHT);
			at[first] = FREE;
			ledger[first] = OWNED;
			first++
		:: else -> break
		od;
		done = end >= (bit_nr + 1) * BIT_GRANULES;
		first = 0;
		end = 0
	}
}

/* drain_bit(): sets @done unless the budget was used up before the end. */
inline drain_bit()
{
	do
	:: left == 0 -> break
	:: left != 0 ->
		left--;
		dead_start();
		if
		:: first == NR_GRANULES -> printf("there is no run left\n"); done = true; break
		:: first != NR_GRANULES ->
			drain_run();
			if
			:: done -> break
			:: !done
			fi
		fi
	od;
	first = 0
}

/* dt_remote_finish(): the region has no bits in hand. */
inline remote_finish()
{
	queued = false;
	if
	:: atomic { map != 0 -> skip };
	   if
	   :: atomic { !queued -> queued = true }
	   :: atomic { queued -> pending = false }
	   fi
	:: atomic { map == 0 -> skip };
	   pending = false
	fi
}

/* drain_region(), with the bits that remote_take() has in hand, if there are any. */
inline drain_region()
{
#ifndef BUG_HAND_FORGOTTEN
	map = map | hand;
#endif
	hand = 0;
	atomic { bits = map; map = 0 };
	do
	:: bits == 0 -> break
	:: bits != 0 ->
		bit_nr = (bits & 1 -> 0 : 1);
		drain_bit();
		if
		:: done -> atomic { bits = bits & ~(1 << bit_nr); done = false }
		:: !done ->
			printf("bits are put back\n");
#ifdef BUG_BITS_STORED_BACK
			map = bits;
#else
			map = map | bits;
#endif
			break
		fi
	od;
	if
	:: bits == 0 -> remote_finish()
	:: else
	fi;
	atomic { bits = 0; bit_nr = 0 }
}

/* remote_next_word(), if there are no bits in hand */
inline next_bits()
{
	if
	:: hand == 0 -> atomic { hand = map; map = 0 }
	:: hand != 0
	fi
}

/*
 * One look of remote_take(), which takes the whole of a run, as dt_remote_take_long() does. A bit
 * stays in hand if another run may begin among its granules.
 */
inline remote_take()
{
#ifdef BUG_LOOK_BEFORE_BITS
	bit_nr = ((map | hand) & 1 -> 0 : 1);
	dead_start();
	next_bits();
#else
	next_bits();
	bit_nr = (hand & 1 -> 0 : 1);
	if
	:: hand != 0 -> dead_start()
	:: hand == 0
	fi;
#endif
	if
	:: hand == 0 -> remote_finish()
	:: hand != 0 && first == NR_GRANULES -> printf("the bit is of no run\n"); done = true
	:: hand != 0 && first != NR_GRANULES -> drain_run()
	fi;
	atomic {
		if
		:: done -> hand = hand & ~(1 << bit_nr); done = false
		:: !done
		fi;
		first = 0;
		bit_nr = 0
	}
}

/* The owner drains, or takes a run, as long as something is queued, or will be. */
active proctype owner() provided (TASK_RUNS)
{
	byte bits, hand, bit_nr, first, end, left, g;
	bool done;

	do
	:: atomic { remote && !pending -> remote = false; pending = true }
	:: pending ->
	   left = DRAIN_MAX;
	   drain_region();
	   left = 0
	:: pending -> remote_take()
	:: atomic { !remote && !pending && finished == PUSHERS -> break }
	od;
	do
	:: g < NR_GRANULES -> assert(at[g] == FREE && ledger[g] == OWNED); g++
	:: else -> break
	od;
	assert(map == 0 && hand == 0 && !queued);
	printf("the end of the runs\n")
}
