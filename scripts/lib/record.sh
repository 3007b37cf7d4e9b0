# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # what scripts/record sets
#
# Guests of scripts/record. To be sourced after common.sh, kernel.sh, build.sh, guest.sh, python.sh
# and trace-tool.sh.
#
#   record_build           the modules, for the kernel $kind
#   record_guest DIR SCRIPT [OPTION...]
#                          boots SCRIPT with dualtree.ko; the logs are in DIR
#   record_sample          records samples/packet_ring; prints the trace
#   record_self_check      prints what did not come out, and PASS or FAIL; returns 1 if it failed.
#                          What is checked stands in lib/dualtree_report/record.py

record_build()
{
	"$SCRIPTS/setup"
	get_kernel "$kind"
	build_or_die "$PROJECT" bench CONFIG_DUALTREE_DEBUG=
}

record_guest()
{
	local dir=$1 script=$2

	shift 2
	guest_run "$script" "$dir" --timeout 900 --file "$(built_module dualtree)" "$@"
}

# What the guest handed over must have arrived as it was.
fetch_record()
{
	local sum

	sed -n 's/\r*$//; s/^record: //p' "$1/port.log" | base64 -d | gzip -dc >"$1/record" ||
		die "the record did not arrive; the logs are in $1"
	sum=$(sed -n 's/^md5 //p' "$1/report.txt")
	[ "$(md5sum <"$1/record" | cut -d' ' -f1)" = "$sum" ] ||
		die "the record did not arrive as it was; the logs are in $1"
}

record_sample()
{
	record_build
	record_guest "$log_dir" record-sample.sh --cpus 4 --file "$(built_module packet_ring)" \
		--file "$SCRIPTS/guest/record.sh" || exit 1
	sed -n 's/^refused /  /p' "$log_dir/report.txt" >&2
	fetch_record "$log_dir"
	"$TRACE_TOOL" convert "$log_dir/record" >"$log_dir/packet_ring.trace"
	"$TRACE_TOOL" check "$log_dir/packet_ring.trace" >&2
	cat "$log_dir/packet_ring.trace"
}

record_self_check()
{
	local status=0

	dualtree_report record "$log_dir" "$TRACE_TOOL" || status=1
	record_build
	guest_files "$(built_module dualtree_replay)" "$TRACE_TOOL" "$log_dir"/*.trace \
		"$log_dir/plan"
	record_guest "$log_dir" record-check.sh --cpus 1 "${GUEST_FILES[@]}" || status=1
	dualtree_report record "$log_dir" "$TRACE_TOOL" --guest || status=1
	[ "$status" -eq 0 ] && echo PASS || echo FAIL
	return "$status"
}
