# SPDX-License-Identifier: GPL-2.0
#
# Trace files of the traces that bench/host/traces.c has.
#
# help: trace NAME >FILE
# help:                writes what the trace of that name does as a trace file
# help:                (Documentation/benchmark-traces.rst), byte for byte the same from the same
# help:                seed. Needs no guest
# help:     --ops N, --cycles N
# help:                as for footprint

# shellcheck source=scripts/lib/bench-footprint.sh
. "$SCRIPTS/lib/bench-footprint.sh"

bench_trace()
{
	local ops cycles wanted fits

	footprint_arguments "$@"
	[ ${#wanted[@]} -eq 1 ] ||
		die "which trace? One of: $(list_traces | tr '\n' ' ')"
	build_trace_tool
	"$TRACE_TOOL" export "${wanted[0]}" "$seed" "$ops" "$cycles"
}
