#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/test --torture: loads samples/torture with the arguments in
# /run/harness/torture, takes CPUs away and brings them back while it runs, as an
# administrator would, and passes its verdict on. With hotplug=1 the torture does that itself,
# and two who do it would take each other's work for a failure.
#
# CPUs 0 and 1 stay: the torture has one that allocates and another one that frees there.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh
cd /run/harness || exit 1
VERDICT=/sys/kernel/debug/dualtree_torture/verdict
CPUS=/sys/devices/system/cpu

went=0

# Short of memory, a CPU may be refused.
take_away()
{
	for cpu in "$@"; do
		if echo 0 2>/dev/null >"$CPUS/cpu$cpu/online"; then
			went=$((went + 1))
		fi
	done
}

bring_back()
{
	for cpu in "$@"; do
		echo 1 2>/dev/null >"$CPUS/cpu$cpu/online" || true
	done
}

running()
{
	read -r verdict <"$VERDICT" || verdict="nothing: $VERDICT cannot be read"
	case $verdict in
	running*) ;;
	*) return 1 ;;
	esac
}

# One CPU, the one without a tick, both, which are a node.
take_turns()
{
	while running; do
		step "torture: $verdict, CPUs went $went times"
		for group in 2 3 "2 3" "3 2"; do
			running || return 0
			# shellcheck disable=SC2086 # numbers
			take_away $group
			sleep 1
			# shellcheck disable=SC2086
			bring_back $group
			sleep 2
		done
	done
}

stand_by()
{
	while running; do
		step "torture: $verdict"
		for _ in 1 2 3 4 5; do
			running || return 0
			sleep 2
		done
	done
}

step "torture: loading"
if [ -e "$CPUS/nohz_full" ]; then
	read -r tickless <"$CPUS/nohz_full"
	report "CPUs $(cat "$CPUS/online"), of these nohz_full: $tickless"
	[ "$tickless" = 3 ] || fail "CPU 3 is no nohz_full CPU"
fi
read -r arguments <torture
load dualtree.ko || exit 1
# shellcheck disable=SC2086 # arguments are words
load dualtree_torture.ko $arguments || exit 1
case " $arguments " in
*' hotplug=0 '*)
	take_turns
	# What was refused in the last turn must come now.
	bring_back 2 3
	report "CPUs went $went times"
	[ "$went" -gt 0 ] || fail "no CPU went away"
	;;
*) stand_by ;;
esac
step "torture: done"
[ "$(cat "$CPUS/online")" = 0-3 ] || fail "CPUs stayed away: $(cat "$CPUS/online") are there"
dmesg | sed -n 's/^.*dualtree_torture: //p' | while IFS= read -r line; do
	report "$line"
done
case $verdict in
PASS*) finish_ok ;;
*) fail "torture: $verdict" ;;
esac
