#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/bench: loads dualtree and a module of bench/ for each line of
# /run/harness/plan, hands over what was found, and removes both again.
#
# A line of the plan is "NAME FILE RESULTS ARGUMENT...": FILE of /run/harness is loaded with
# the arguments, and each line of the files RESULTS, separated by commas, that it then has in
# debugfs is reported as "NAME RESULT LINE".

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh
cd /run/harness || exit 1

# report_file NAME RESULT FILE
report_file()
{
	while IFS= read -r line; do
		report "$1 $2 $line"
	done <"$3"
}

# A boot leaves things to do in the background, for a second or two.
step "waiting for the boot to settle"
sleep 4

while read -r name file results arguments; do
	step "$name"
	module=${file%.ko}
	# Each finds a pool that nobody has used.
	load dualtree.ko || exit 1
	# shellcheck disable=SC2086 # arguments are words
	load "$file" $arguments || exit 1
	for result in $(echo "$results" | tr , ' '); do
		report_file "$name" "$result" "/sys/kernel/debug/$module/$result"
	done
	remove_modules
done <plan
finish_ok
