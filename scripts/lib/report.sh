# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/bench sets
#
# The whole report of scripts/bench. To be sourced after bench.sh and the parts.
#
#   make_report   runs each part that has a place in the report, and puts together what
#                 they left in $out

make_report()
{
	local name failed=()

	for name in "${kinds[@]}"; do
		use_kernel "$name"
	done
	for name in $(report_parts); do
		log "$(part_title "$name")"
		report_part "$name" || failed+=("$name")
	done
	report_text >"$out/report.txt"
	cat "$out/report.txt"
	[ ${#failed[@]} -eq 0 ] || {
		log "could not be run: ${failed[*]}"
		return 1
	}
}

# What fails is said, and the others still run. In a shell of its own, that ends where an
# error is: one whose status is asked for does not.
report_part()
{
	local status

	set +e
	(
		set -e
		OWN_CHILDREN=() OWN_DIRS=()
		trap clean_up EXIT
		run_part "$1"
	) >"$out/$1.txt"
	status=$?
	set -e
	return "$status"
}

report_text()
{
	local name

	for name in $(report_parts); do
		printf '\n%s\n\n' "$(part_title "$name")"
		cat "$out/$name.txt"
	done
}
