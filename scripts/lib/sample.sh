# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # log_dir and vm_options[], which the script sets
#
# A sample at work in a guest, as scripts/demo and scripts/vnic show it. To be sourced after
# common.sh, kernel.sh, build.sh and guest.sh.
#
#   sample_run SCRIPT DIR [VM-OPTION...]
#                        boots scripts/guest/SCRIPT with GUEST_FILES[]; the logs are in DIR. CPUS,
#                        TIMEOUT, STEP_TIMEOUT and vm_options[] are the script's. What is wrong is
#                        in verdict.txt, for sample_judge
#   sample_judge DIR COMMAND ARGUMENT...
#                        has lib/dualtree_guest judge the run whose logs are in DIR: sets
#                        SAMPLE_REPORT, and failures[] to every condition that does not hold
#   sample_show WORDS... prints SAMPLE_REPORT after a title of these WORDS, if there is one
#   sample_verdict WHAT  PASS or FAIL, and the status; WHAT could be unloaded
#   sample_self_check    runs sample_case NAME PARAMETERS, which sets failures[] and is the
#                        script's, for each line of SELF_CHECKS: "NAME|PARAMETERS|EXPECTED".
#                        EXPECTED is an extended regular expression for what must be among the
#                        failures; "none": there must be none; "drops": none, but packets were
#                        dropped
#   row LABEL TEXT...    a line of a report for each text

row()
{
	local text

	for text in "${@:2}"; do
		printf '  %-10s %s\n' "$1" "$text"
	done
}

sample_run()
{
	local script=$1 dir=$2

	shift 2
	guest_run "$script" "$dir" --cpus "$CPUS" --timeout "$TIMEOUT" \
		--step-timeout "$STEP_TIMEOUT" --terse "${GUEST_FILES[@]}" "$@" "${vm_options[@]}" || true
}

sample_judge()
{
	local dir=$1 command=$2

	shift 2
	rm -f "$dir/failures.txt"
	SAMPLE_REPORT=$(guest_says "$command" "$dir" "$@") || true
	mapfile -t failures <"$dir/failures.txt"
}

sample_show()
{
	[ -z "$SAMPLE_REPORT" ] || printf '\n%s\n%s\n' "$(printf %s "$@")" "$SAMPLE_REPORT"
}

sample_verdict()
{
	if [ ${#failures[@]} -eq 0 ]; then
		row console "clean; $1 unloaded"
		echo "PASS ($(duration $SECONDS))"
		return
	fi
	echo
	row failed "${failures[@]:0:20}"
	row logs "$log_dir"
	echo "FAIL ($(duration $SECONDS))"
	return 1
}

# sample_outcome NAME EXPECTED: what came of the run, if it is what was expected.
sample_outcome()
{
	local dropped

	dropped=$(sed -n 's/^stat dropped_memory //p' "$log_dir/$1/report.txt")
	if [ ${#failures[@]} -gt 0 ]; then
		printf '%s\n' "${failures[@]}" | grep -m 1 -E -- "$2"
	elif [ "$2" = none ]; then
		echo "nothing wrong, and nothing found"
	elif [ "$2" = drops ] && [ "${dropped:-0}" -gt 0 ]; then
		echo "$dropped packets dropped, and nothing else found"
	else
		return 1
	fi
}

sample_self_check()
{
	local name parameters expected text status=0

	vm_options+=(--quiet)
	while IFS='|' read -r name parameters expected; do
		[ -n "$name" ] || continue
		log "self-check: $name"
		sample_case "$name" "$parameters" </dev/null
		if text=$(sample_outcome "$name" "$expected"); then
			row ok "$name: $text"
		else
			status=1
			row "not ok" "$name: '$expected' expected, found:"
			row '' "${failures[@]-nothing}"
		fi
	done <<<"$SELF_CHECKS"
	[ $status -eq 0 ] && echo PASS || echo FAIL
	return $status
}
