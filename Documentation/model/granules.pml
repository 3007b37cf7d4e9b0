/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Granules, and who has each: what the properties are said in.
 *
 *	FREE --> alloc --> LIVE --> free --> MINE --> FREE, or FLIGHT --> drain --> FREE
 *
 * at[] is not in the code. It says who may have a granule by the rules; the heap, its
 * tree and its list say who has it. Each transition asserts that it comes from where it
 * may, so a granule that is given out twice, or put back twice, is found at once.
 *
 * A link lies in the granule itself: next[] is the granule's memory. Its user writes there
 * too, and looks whether it is as it was left.
 *
 * NR_GRANULES, DRAIN_MOST and what is where at first come from the model that includes this.
 */
#define NIL	255
#define PAYLOAD	254

#define FREE	0	/* in the heap */
#define LIVE	1	/* a user's */
#define MINE	2	/* brought to 0 by a free that is going on */
#define FLIGHT	3	/* on the remote list, or on its way there */

byte at[NR_GRANULES] = FIRST_AT;
byte next[NR_GRANULES] = FIRST_NEXT;

/* The tree of free extents, as a set. Reading it and writing it are two steps. */
byte tree = FIRST_TREE;
#define in_tree(g)	((tree >> (g)) & 1)

byte remote = NIL;
byte pending = NIL;
#define has_remote()	(pending != NIL || remote != NIL)

/* Pick what a user frees, or NIL: any live granule. Who frees what is the users' affair. */
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
		:: g != NIL ->
			assert(next[g] == PAYLOAD);
			at[g] = MINE
		:: else
		fi
	}
}

/* A granule has been given out. */
inline give_out(g)
{
	d_step {
		assert(at[g] == FREE);
		at[g] = LIVE;
		next[g] = PAYLOAD
	}
}

/* A granule has come back into the heap. */
inline take_in(g)
{
	d_step {
		assert(at[g] == MINE || at[g] == FLIGHT);
		at[g] = FREE;
		next[g] = NIL
	}
}

/* dt_heap_free(): as the owner. */
inline tree_add(g, t)
{
	atomic { take_in(g); t = tree; assert(!((t >> g) & 1)) };
	atomic { tree = t | (1 << g); t = 0 }
}

/* dt_heap_alloc(): the lowest. As the owner. */
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

/*
 * remote_push(), or with more than one dt_remote_batch_push(): llist_add_batch(). Anybody, anywhere.
 * @last is @first, or what @first is linked to already.
 */
inline push(first, last, head)
{
	d_step {
		assert(at[first] == MINE && at[last] == MINE);
		at[first] = FLIGHT;
		at[last] = FLIGHT
	};
#if defined(BUG_PUSH_STORES)
	head = remote;
	next[last] = head;
	remote = first;
#elif defined(BUG_LINK_AFTER_PUSH)
	atomic { head = remote; remote = first };
	next[last] = head;
#else
	do
	:: atomic { head = remote; next[last] = head };
	   if
	   :: atomic { remote == head -> remote = first; break }
	   :: atomic { remote != head -> printf("a push has to try again\n") }
	   fi
	od;
#endif
	head = 0
}

/* dt_heap_drain(): as the owner, at most DRAIN_MOST runs. */
inline drain(g, t, n)
{
#ifdef BUG_PENDING_FORGOTTEN
	if
	:: atomic { remote != NIL -> pending = remote; remote = NIL }
	:: atomic { remote == NIL -> skip }
	fi;
#elif defined(BUG_DRAIN_WITHOUT_XCHG)
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
	:: atomic { pending != NIL && n == DRAIN_MOST -> printf("some is left for later\n"); break }
	:: atomic {
		pending != NIL && n < DRAIN_MOST ->
		g = pending;
		assert(at[g] == FLIGHT);
		pending = next[g]
	   };
	   tree_add(g, t);
	   n++
	:: pending == NIL -> break
	od;
	atomic { g = 0; n = 0 }
}
