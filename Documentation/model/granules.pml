/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Granules and their states. The properties are stated in these.
 *
 *	FREE --> alloc --> LIVE --> free --> MINE --> FREE, or FLIGHT --> drain --> FREE
 *
 * at[] is not in the code. It is the state that the rules allow; the heap, its tree and its
 * list have the state that the code sees. Each transition asserts its source state, so a
 * granule that is allocated twice or returned twice fails at once.
 *
 * A link lies in the granule itself: next[] is the granule's memory. The user writes PAYLOAD
 * there, and asserts that it is unchanged.
 *
 * The including model defines NR_GRANULES, DRAIN_MAX and the initial states.
 */
#define NIL	255
#define PAYLOAD	254

#define FREE	0	/* in the heap */
#define LIVE	1	/* a user's */
#define MINE	2	/* brought to 0 by a free that has not ended */
#define FLIGHT	3	/* on the remote or the pending list */

byte at[NR_GRANULES] = FIRST_AT;
byte next[NR_GRANULES] = FIRST_NEXT;

/* The tree of free extents, as a set. Reading it and writing it are two steps. */
byte tree = FIRST_TREE;
#define in_tree(g)	((tree >> (g)) & 1)

byte remote = NIL;
byte pending = NIL;
#define has_remote()	(pending != NIL || remote != NIL)

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
		:: g != NIL ->
			assert(next[g] == PAYLOAD);
			at[g] = MINE
		:: else
		fi
	}
}

/* A granule is allocated. */
inline give_out(g)
{
	d_step {
		assert(at[g] == FREE);
		at[g] = LIVE;
		next[g] = PAYLOAD
	}
}

/* A granule returns to the heap. */
inline take_in(g)
{
	d_step {
		assert(at[g] == MINE || at[g] == FLIGHT);
		at[g] = FREE;
		next[g] = NIL
	}
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

/*
 * remote_push(); of several runs dt_remote_batch_push(): llist_add_batch(). Any context, any CPU.
 * @last is @first, or the granule that @first is linked to.
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

/* dt_heap_drain(): at most DRAIN_MAX runs. Owner. */
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
	:: atomic { pending != NIL && n == DRAIN_MAX -> printf("some is left for later\n"); break }
	:: atomic {
		pending != NIL && n < DRAIN_MAX ->
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
