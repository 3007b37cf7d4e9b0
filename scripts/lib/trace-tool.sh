# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The program that writes and checks trace files. To be sourced after common.sh.
#
#   build_trace_tool   builds bench/host/trace_tool.c; sets TRACE_TOOL
#   list_traces        the names of the traces that bench/trace.c has
#
# What the kernel builds into dualtree_replay.ko is built here as it is: bench/host/kernel.h stands
# in for the kernel's headers, of which those that the C library does not know are empty.

TRACE_TOOL_SOURCES=(host/buffer.c host/convert.c host/numbers.c host/shadow.c host/trace_tool.c objects.c play.c ring.c trace.c trace_file.c
	trace_datagrams.c trace_messages.c trace_packets.c trace_random.c trace_readers.c)

build_trace_tool()
{
	local header

	[ -z "${TRACE_TOOL-}" ] || return 0
	temp_dir
	while IFS= read -r header; do
		mkdir -p "$TEMP_DIR/$(dirname "$header")"
		: >"$TEMP_DIR/$header"
	done < <(sed -n 's/^#include <\(linux\/.*\)>$/\1/p' "$PROJECT"/bench/*.[ch] | sort -u)
	(
		cd "$PROJECT/bench"
		"${CC:-gcc}" -O2 -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers \
			-include host/kernel.h -I. -idirafter "$TEMP_DIR" -o "$TEMP_DIR/trace_tool" "${TRACE_TOOL_SOURCES[@]}"
	) >&2 || die "bench/host/trace_tool.c does not build"
	# For the script that sources this.
	# shellcheck disable=SC2034
	TRACE_TOOL=$TEMP_DIR/trace_tool
}

list_traces()
{
	sed -n 's/^	{ "\([^"]*\)", [0-9].*/\1/p' "$PROJECT/bench/trace.c"
}
