/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory in flight is watched: a work looks at the instance as long as a region is queued.
 *
 * One heap with one region. Two CPUs free to it, its owner drains, in steps that may leave bits,
 * and the work looks. A CPU that finds the instance not watched has it watched, and the work looks
 * again. It may end its look at any step of the others.
 */
#define PUSHES		2
#define SECTIONS	3

/* The region: a bit for each push, and its state. */
byte map;
bool queued;
/* The lists that it is in: the heap's, and the one that the owner has taken. */
bool remote, pending;
/* Of a drain: the bits that were taken. */
byte bits;
/* The instance is in the work's list, or the work looks at it. */
bool watched;
/* The work has begun to end its look. */
bool ending;
byte finished;

/* in_flight_note() */
inline note()
{
	if
	:: atomic { !watched -> watched = true }
	:: atomic { watched -> skip }
	fi
}

/* remote_mark(), dt_remote_queue() */
inline push(b)
{
	map = map | b;
	if
	:: atomic { !queued -> queued = true };
	   remote = true;
#ifndef BUG_PUSH_DOES_NOT_NOTE
	   note()
#endif
	:: queued -> printf("a push leaves the region to those who have queued it\n")
	fi
}

/* remote_take_list() */
inline take_list()
{
#ifdef BUG_TAKEN_BEFORE_PENDING
	remote = false;
	pending = true
#else
	pending = true;
	remote = false
#endif
}

/* dt_remote_finish() */
inline remote_finish()
{
#ifdef BUG_POP_FIRST
	pending = false;
#endif
	queued = false;
	if
	:: atomic { map != 0 -> skip };
	   if
	   :: atomic { !queued -> queued = true };
	      pending = true;
	      printf("a region stays queued\n")
	   :: atomic { queued -> pending = false }
	   fi
	:: atomic { map == 0 -> skip };
	   pending = false
	fi
}

/* dt_heap_drain(): all that it sees, or one bit. Owner. */
inline drain()
{
	if
	:: atomic { !pending && remote -> skip };
	   take_list()
	:: atomic { pending || !remote -> skip }
	fi;
	if
	:: pending ->
		atomic { bits = map; map = 0 };
		if
		:: bits == 3 -> map = map | 1; printf("a drain leaves a bit\n")
		:: remote_finish()
		fi;
		bits = 0
	:: else
	fi
}

/* heap_is_queued_on() */
inline look(is_queued)
{
#ifdef BUG_PENDING_FIRST
	is_queued = pending;
	is_queued = is_queued || remote
#else
	is_queued = remote;
	is_queued = is_queued || pending
#endif
}

/* in_flight_unwatch() */
inline unwatch(is_queued)
{
#ifdef BUG_LOOK_BEFORE_UNWATCH
	look(is_queued);
	watched = false;
#else
	watched = false;
	look(is_queued);
#endif
	if
	:: is_queued -> note()
	:: else -> printf("an instance is not watched any more\n")
	fi;
	is_queued = false
}

active [PUSHES] proctype freeing()
{
	push(1 << _pid);
	finished++
}

active proctype owner()
{
	byte sections;

	do
	:: sections < SECTIONS -> drain(); sections++
	:: sections > 0 -> break
	od;
	sections = 0;
	finished++
}

active proctype work()
{
	bool is_queued;

end:	do
	:: atomic { watched -> ending = true };
	   unwatch(is_queued);
	   ending = false
	od
}

/* What the owner has left, the work will see. */
active proctype accounting()
{
	atomic {
		finished == PUSHES + 1 && !ending;
		assert(map == 0 || queued);
		assert(!queued || remote || pending);
		assert(!queued || watched)
	};
	if
	:: queued -> printf("what is in flight is watched\n")
	:: !queued -> printf("nothing is in flight\n")
	fi
}
