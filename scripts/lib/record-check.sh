# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/record sets
#
# The self-check of scripts/record. To be sourced after record.sh and python.sh; what is checked
# stands in lib/dualtree_report/record.py.
#
#   record_self_check   prints what did not come out, and PASS or FAIL; returns 1 if it failed

record_self_check()
{
	local status=0

	dualtree_report record "$log_dir" "$TRACE_TOOL" || status=1
	record_build
	guest_files "$(built_module dualtree_replay)" "$TRACE_TOOL" "$log_dir"/*.trace "$log_dir/plan"
	record_guest "$log_dir" record-check.sh --cpus 1 "${GUEST_FILES[@]}" || status=1
	dualtree_report record "$log_dir" "$TRACE_TOOL" --guest || status=1
	[ "$status" -eq 0 ] && echo PASS || echo FAIL
	return "$status"
}
