#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/test --torture: loads dualtree_torture with the arguments in
# /run/harness/torture and reports its result. With hotplug=0 CPUs 2 and 3 are taken down and
# brought up again here through sysfs, as an administrator would; else the torture does that, and
# two that do it would take each other's work for a failure.
#
# CPUs 0 and 1 stay: the ends of the torture's pipe are bound to them. What runs here is bound to CPU
# 0: the kernel may queue the timer of a sleep on CPU 3, which has no tick, on a CPU that is just
# going down, and warns of that (enqueue_hrtimer() of 6.1, in the 51st minute of an hour).

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh
RESULT=/sys/kernel/debug/dualtree_torture/result
CPUS=/sys/devices/system/cpu

downs=0
taskset -p -c 0 $$ >/dev/null

# While memory is short, the kernel may refuse it.
take_down()
{
	for cpu in "$@"; do
		if echo 0 2>/dev/null >"$CPUS/cpu$cpu/online"; then
			downs=$((downs + 1))
		fi
	done
}

bring_up()
{
	for cpu in "$@"; do
		echo 1 2>/dev/null >"$CPUS/cpu$cpu/online" || true
	done
}

running()
{
	read -r result <"$RESULT" || result="nothing: $RESULT cannot be read"
	case $result in
	running*) ;;
	*) return 1 ;;
	esac
}

# One CPU, the one without a tick, then both, which are a node.
hotplug_until_end()
{
	while running; do
		step "torture: $result, $downs CPU downs"
		for group in 2 3 "2 3" "3 2"; do
			running || return 0
			# shellcheck disable=SC2086 # numbers
			take_down $group
			sleep 1
			# shellcheck disable=SC2086
			bring_up $group
			sleep 2
		done
	done
}

wait_until_end()
{
	while running; do
		step "torture: $result"
		for _ in 1 2 3 4 5; do
			running || return 0
			sleep 2
		done
	done
}

step "torture: loading"
if [ -e "$CPUS/nohz_full" ] && grep -qw nohz_full=3 /proc/cmdline; then
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
	hotplug_until_end
	# One that was refused while memory was short must come up now.
	bring_up 2 3
	report "$downs CPU downs"
	[ "$downs" -gt 0 ] || fail "no CPU went down"
	;;
*) wait_until_end ;;
esac
step "torture: done"
[ "$(cat "$CPUS/online")" = 0-3 ] || fail "CPUs stayed down: $(cat "$CPUS/online") are online"
dmesg | sed -n 's/^.*dualtree_torture: //p' | report_lines ''
case $result in
PASS*) finish_ok ;;
*) fail "torture: $result" ;;
esac
