/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Granules and their states. The properties are stated in these.
 *
 *	FREE --> alloc --> LIVE --> free --> MINE --> FREE, or FLIGHT --> drain --> FREE
 *
 * at[] is the state that the rules allow; the heap, its tree, its maps and its queue have the
 * state that the code sees. Of at[] the code sees whether it is FLIGHT: that is LEDGER_DEAD in
 * the ledger. Each transition asserts its source state, so a granule that is allocated twice or
 * returned twice fails at once. Runs of several granules, and runs with one bit,
 * are in run.pml.
 *
 * A region is REGION_GRANULES granules, each with a bit of its map.
 *
 * The including model defines NR_GRANULES, REGION_GRANULES, DRAIN_MAX and the initial states.
 */
#define NIL	255

#define FREE	0	/* in the heap */
#define LIVE	1	/* a user's */
#define MINE	2	/* claimed by a free that has not ended */
#define FLIGHT	3	/* marked dead */

byte at[NR_GRANULES] = FIRST_AT;

/* The tree of free extents, as a set. Reading it and writing it are two steps. */
byte tree = FIRST_TREE;
#define in_tree(g)	((tree >> (g)) & 1)

/* The states of a region. */
#define IDLE	0
#define QUEUED	1

#define NR_REGIONS	((NR_GRANULES + REGION_GRANULES - 1) / REGION_GRANULES)
#define region_of(g)	((g) / REGION_GRANULES)
/* The granules of a region, as a set. */
#define granules(r)	(((1 << REGION_GRANULES) - 1) << (r) * REGION_GRANULES)

/* The maps of all regions: a bit per granule. */
byte map;
bit state[NR_REGIONS];
/* The region after it in the queue; lies in its record. */
byte next[NR_REGIONS] = NIL;

/* The queue, and what the owner has taken of it. */
byte remote = NIL;
byte pending = NIL;
#define has_remote()	(pending != NIL || remote != NIL)

/*
 * Of a drain, which the owner alone does: the region, the one after it in the queue, and the bits
 * that were taken.
 */
byte drained = NIL;
byte following = NIL;
byte taken;

/* Pick any live granule for a free; NIL if there is none. */
inline pick_live(g)
{
	atomic {
		g = 0;
		do
		:: g < NR_GRANULES && at[g] == LIVE -> break
		:: g < NR_GRANULES -> g++
		:: g == NR_GRANULES -> g = NIL; break
		od;
		if
		:: g != NIL -> at[g] = MINE
		:: else
		fi
	}
}

/* A granule is allocated. */
inline give_out(g)
{
	d_step { assert(at[g] == FREE); at[g] = LIVE }
}

/* A granule returns to the heap. */
inline take_in(g)
{
	d_step { assert(at[g] == MINE || at[g] == FLIGHT); at[g] = FREE }
}

/* dt_heap_free(). Owner. */
inline tree_add(g, t)
{
	atomic { take_in(g); t = tree; assert(!((t >> g) & 1)) };
	atomic { tree = t | (1 << g); t = 0 }
}

/* dt_heap_alloc(): the lowest granule. Owner. */
inline tree_take(g, t)
{
	atomic {
		t = tree;
		g = 0;
		do
		:: g < NR_GRANULES && !((t >> g) & 1) -> g++
		:: else -> break
		od
	};
	atomic {
		if
		:: g == NR_GRANULES -> g = NIL
		:: else ->
			tree = t & ~(1 << g);
			give_out(g)
		fi;
		t = 0
	}
}

inline mark_dead(g)
{
	d_step { assert(at[g] == MINE); at[g] = FLIGHT }
}

#define set_bit(g)	map = map | (1 << (g))

/* llist_add() */
inline queue_add(r)
{
	d_step { next[r] = remote; remote = r }
}

/* dt_remote_queue(), the second half of a push; sets @seen if it has queued the region. */
inline queue_region(r, seen)
{
	if
	:: seen != QUEUED ->
#ifdef BUG_QUEUED_WITHOUT_CMPXCHG
	   if
	   :: atomic { state[r] == IDLE -> seen = true };
	      state[r] = QUEUED;
	      queue_add(r)
	   :: atomic { state[r] != IDLE -> skip }
	   fi
#else
	   if
	   :: atomic { state[r] == IDLE -> state[r] = QUEUED };
	      queue_add(r);
	      seen = true
	   :: atomic { state[r] != IDLE -> printf("a push has found its region queued\n") }
	   fi
#endif
	:: else -> seen = false
	fi
}

/* remote_mark(), dt_remote_queue(). Any context, any CPU. @seen as above. */
inline push(g, seen)
{
#ifdef BUG_BIT_BEFORE_MARK
	set_bit(g);
	mark_dead(g);
#else
	mark_dead(g);
#ifdef BUG_STATE_BEFORE_BIT
	seen = state[region_of(g)];
#endif
	set_bit(g);
#endif
	queue_region(region_of(g), seen)
}

/* The first region of those pending is not queued any more. */
inline take_off()
{
#ifdef BUG_LINK_READ_LATE
	atomic { pending = next[drained]; following = NIL }
#else
	atomic { pending = following; following = NIL }
#endif
}

/*
 * The end of dt_remote_finish(): the region has bits that were set while it was drained. Unless a
 * push has queued it, it stays the first of those pending.
 */
inline queue_again()
{
	if
#ifdef BUG_LEFT_STORES_QUEUED
	:: state[drained] = QUEUED
#else
	:: atomic { state[drained] == IDLE -> state[drained] = QUEUED }
	:: atomic { state[drained] != IDLE -> printf("a region with more is queued already\n") };
	   take_off()
#endif
	fi
}

/* dt_remote_finish(): the first region of those pending has been drained. */
inline remote_finish()
{
	following = next[drained];
	d_step { assert(state[drained] == QUEUED); state[drained] = IDLE };
#ifdef BUG_NO_LOOK_AFTER_IDLE
	take_off()
#else
	if
	:: atomic { map & granules(drained) -> printf("bits were set during a drain\n") };
	   queue_again()
	:: atomic { (map & granules(drained)) == 0 -> skip };
	   take_off()
	fi
#endif
}

/* drain_region(): the region stays queued where bits are left. */
inline drain_region(g, t, n)
{
	atomic {
		drained = pending;
		taken = map & granules(drained);
		map = map & ~granules(drained);
		g = drained * REGION_GRANULES
	};
	do
	:: atomic { taken == 0 -> skip };
	   remote_finish();
	   break
	:: atomic { taken != 0 && n == DRAIN_MAX -> printf("bits are left\n") };
#ifndef BUG_LEFT_FORGOTTEN
	   map = map | taken;
#endif
	   taken = 0;
	   break
	:: atomic { taken != 0 && n < DRAIN_MAX && !((taken >> g) & 1) -> g++ }
	:: atomic { (taken >> g) & 1 && n < DRAIN_MAX -> taken = taken & ~(1 << g); n++ };
	   if
	   :: atomic { at[g] == FLIGHT -> skip };
	      tree_add(g, t)
	   :: atomic { at[g] != FLIGHT -> skip }
	   fi
	od
}

/* dt_heap_drain(): at most DRAIN_MAX bits, with a run or not. Owner. */
inline drain(g, t, n)
{
#ifdef BUG_PENDING_FORGOTTEN
	if
	:: atomic { remote != NIL -> pending = remote; remote = NIL }
	:: atomic { remote == NIL -> skip }
	fi;
#elif defined(BUG_TAKEN_WITHOUT_XCHG)
	if
	:: pending == NIL -> pending = remote; remote = NIL
	:: else
	fi;
#else
	atomic {
		if
		:: pending == NIL -> pending = remote; remote = NIL
		:: else
		fi
	};
#endif
	do
	:: atomic { pending != NIL && n == DRAIN_MAX -> printf("a region is left\n"); break }
	:: atomic { pending != NIL && n < DRAIN_MAX -> skip };
	   drain_region(g, t, n)
	:: atomic { pending == NIL -> break }
	od;
	atomic { g = 0; n = 0; drained = NIL; taken = 0 }
}
