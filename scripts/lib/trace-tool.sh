# SPDX-License-Identifier: GPL-2.0
#
# The program that writes and checks trace files. To be sourced after common.sh.
#
#   build_trace_tool   builds bench/host/trace_tool.c; sets TRACE_TOOL
#   list_traces        the names of the traces that bench/host/traces.c has
#
# Files of bench/ that dualtree_replay.ko consists of, too, are built as they are:
# bench/host/kernel.h stands in for the kernel's headers, of which those that the C library does not
# know are empty. The program is static, so that it runs in a guest.

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
			-static -include host/kernel.h -I. -idirafter "$TEMP_DIR" -o "$TEMP_DIR/trace_tool" \
			host/*.c objects.c trace_file.c
	) >&2 || die "bench/host/trace_tool.c does not build"
	TRACE_TOOL=$TEMP_DIR/trace_tool
}

list_traces()
{
	sed -n 's/^	{ "\([^"]*\)", [0-9].*/\1/p' "$PROJECT/bench/host/traces.c"
}
