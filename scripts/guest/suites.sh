#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/test: loads what /run/harness/plan says, in its order.
# A line of the plan is "base FILE ARGUMENT...", "suite FILE ARGUMENT..." or "leaks", which
# looks for leaks while the modules are loaded.
#
# The notes in the kernel's log tell the host which module a result belongs to. Suites
# stay loaded to the end, so that no two of them ever had the same addresses and a
# leak's trace tells whose it is.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh

# show_place NAME: where its code lies.
show_place()
{
	local name

	name=$(echo "$1" | tr - _)
	say place "$(grep "^$name " /proc/modules | cut -d' ' -f1,2,6)"
}

while read -r kind file arguments; do
	name=${file%.ko}
	case $kind in
	base)
		step "module $name"
		# shellcheck disable=SC2086 # arguments are words
		load "$file" $arguments || exit 1
		show_place "$name"
		;;
	suite)
		step "suite $name"
		note "suite $name begins"
		# shellcheck disable=SC2086 # arguments are words
		if load "$file" $arguments; then
			show_place "$name"
		fi
		note "suite $name ends"
		;;
	leaks)
		step "looking for leaks"
		check_leaks
		;;
	esac
done <plan
finish_ok
