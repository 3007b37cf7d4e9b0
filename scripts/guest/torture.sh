#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/test --torture: loads samples/torture with the arguments in
# /run/harness/torture, takes CPUs away and brings them back while it runs, and passes its
# verdict on. CPU 0 stays, as it does on most machines.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh
cd /run/harness || exit 1
VERDICT=/sys/kernel/debug/dualtree-torture/verdict
CPUS=/sys/devices/system/cpu

went=0

# Who is asked may refuse: the module takes CPUs away, too, and one of us is late.
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
		[ "$(cat "$CPUS/cpu$cpu/online")" = 1 ] ||
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

# One CPU, the one without a tick, a whole node, all that can go.
take_turns()
{
	while running; do
		step "torture: $verdict, CPUs went $went times"
		for group in 1 3 "2 3" 2 "1 2 3"; do
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

step "torture: loading"
if [ -e "$CPUS/nohz_full" ]; then
	read -r tickless <"$CPUS/nohz_full"
	report "CPUs $(cat "$CPUS/online"), of these nohz_full: $tickless"
	[ "$tickless" = 3 ] || fail "CPU 3 is no nohz_full CPU"
fi
read -r arguments <torture
load dualtree.ko || exit 1
# shellcheck disable=SC2086 # arguments are words
load torture.ko $arguments || exit 1
take_turns

step "torture: done"
bring_back 1 2 3
[ "$(cat "$CPUS/online")" = 0-3 ] || fail "CPUs stayed away: $(cat "$CPUS/online") are there"
[ "$went" -gt 0 ] || fail "no CPU went away"
dmesg | sed -n 's/^.*dualtree-torture: //p' | while IFS= read -r line; do
	report "$line"
done
report "CPUs went $went times"
case $verdict in
PASS*) finish_ok ;;
*) fail "torture: $verdict" ;;
esac
