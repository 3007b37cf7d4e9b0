# SPDX-License-Identifier: GPL-2.0
#
# The clock that a guest's limits are counted by. To be sourced after common.sh.
#
#   start_guest_clock PID   PID is QEMU's, or that of user-mode Linux
#   read_guest_clock        sets GUEST_CLOCK, in milliseconds
#
# A guest that is short of CPU time does not hang, and one that hangs may be idle or may spin. So
# the clock is wall time less the time in which the process wanted a CPU and had none:
#
#   the guest                       the clock
#   works or spins, alone           runs with the wall
#   works or spins, others do too   runs by the share of a CPU that it gets
#   sleeps, for good or not         runs with the wall
#
# Linux keeps for each thread how long it waited on a run queue (the second number of
# /proc/PID/task/TID/schedstat). Between two looks the clock stands still for as long as the
# thread that waited longest; threads of one guest wait for each other too, where it has more CPUs
# than the host. Without schedstat it is wall time.

# Of the time between two looks no more than this counts, in milliseconds. A look is due several
# times in a second; if none came for longer, it was the machine that stood still.
GUEST_CLOCK_STEP=2000

declare -A GUEST_WAITED=()

# Milliseconds. Not the time of day, which may be set meanwhile.
wall_clock()
{
	local up

	read -r up _ </proc/uptime
	WALL_CLOCK=$((${up/./} * 10))
}

start_guest_clock()
{
	GUEST_PID=$1
	GUEST_WAITED=()
	GUEST_CLOCK=0
	wall_clock
	GUEST_LOOKED=$WALL_CLOCK
}

# longest_wait: sets LONGEST_WAIT, in milliseconds, to what the thread that waited longest has
# waited since the last call. A new thread has waited since it began.
longest_wait()
{
	local file waited most=0

	for file in /proc/"$GUEST_PID"/task/*/schedstat; do
		# Threads come and go.
		{ read -r _ waited _ <"$file"; } 2>/dev/null || continue
		[ $((waited - ${GUEST_WAITED[$file]-0})) -le "$most" ] ||
			most=$((waited - ${GUEST_WAITED[$file]-0}))
		GUEST_WAITED[$file]=$waited
	done
	LONGEST_WAIT=$((most / 1000000))
}

# A wait is known when it is over, and may be longer than the time since the last look: the clock
# goes back then, by the length of one time slice.
read_guest_clock()
{
	local passed

	wall_clock
	longest_wait
	passed=$((WALL_CLOCK - GUEST_LOOKED - LONGEST_WAIT))
	GUEST_LOOKED=$WALL_CLOCK
	[ "$passed" -le "$GUEST_CLOCK_STEP" ] || passed=$GUEST_CLOCK_STEP
	GUEST_CLOCK=$((GUEST_CLOCK + passed))
}
