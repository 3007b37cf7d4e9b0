#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/record --self-check: what dualtree_replay.ko says of each trace that
# is broken, as lines "broken NUMBER WHAT", and what came of each line of the plan,
# "NAME ARGUMENT...", as lines "NAME LINE" of what it has in debugfs.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh
RESULTS=/sys/kernel/debug/dualtree_replay

load dualtree.ko idle_ms=0 trim_delay_ms=100000000 || exit 1

step "loading broken traces"
nr=1
while [ -e "$nr.trace" ]; do
	dmesg -c >/dev/null
	if insmod dualtree_replay.ko file="/run/harness/$nr.trace" arenas=4 2>/dev/null; then
		report "broken $nr"
		rmmod dualtree_replay || fail "rmmod"
	else
		said=$(dmesg | sed -n "s|.*dualtree_replay: /run/harness/\($nr\.trace:[0-9]*: \)|\1|p")
		report "broken $nr ${said:-no word of it}"
	fi
	nr=$((nr + 1))
done

while read -r name arguments; do
	step "$name"
	# shellcheck disable=SC2086 # arguments are words
	feed_trace $arguments
	# shellcheck disable=SC2086 # arguments are words
	load dualtree_replay.ko $arguments arenas=32 || exit 1
	cat "$RESULTS/results" "$RESULTS/curve" | report_lines "$name"
	rmmod dualtree_replay || fail "rmmod"
done <plan
finish_ok
