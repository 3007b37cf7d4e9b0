#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/bench: loads dualtree and a module of bench/ for each line of
# /run/harness/plan, hands over what was found, and removes both again.
#
# A line of the plan is "NAME FILES RESULTS ARGUMENT...": FILES of /run/harness, separated by
# commas, are loaded, the first of them with the arguments; each line of the files RESULTS,
# likewise, that the first then has in debugfs is reported as "NAME RESULT LINE". dualtree.ko
# gets the arguments that are in dualtree.options, if there is such a file.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh

# A boot leaves things to do in the background, for a second or two.
step "waiting until the boot is over"
sleep 4

options=$(cat dualtree.options 2>/dev/null)
while read -r name files results arguments; do
	step "$name"
	module=${files%%.ko*}
	# Each finds a pool that was not used before.
	# shellcheck disable=SC2086 # arguments are words
	load dualtree.ko $options || exit 1
	# shellcheck disable=SC2086 # arguments are words
	feed_trace $arguments
	for file in $(echo "$files" | tr , ' '); do
		# shellcheck disable=SC2086 # arguments are words
		load "$file" $arguments || exit 1
		arguments=
	done
	for result in $(echo "$results" | tr , ' '); do
		report_lines "$name $result" <"/sys/kernel/debug/$module/$result"
	done
	remove_modules
done <plan
finish_ok
