# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Trace files, replayed: those that scripts/bench trace wrote, and those that scripts/record made
# of what a driver did.
#
# help: replay FILE...
# help:                bytes held for bytes live, of trace files, which may be compressed by gzip
# help:                (.gz): the same table and plots as footprint's

# shellcheck source=scripts/lib/bench-footprint.sh
. "$SCRIPTS/lib/bench-footprint.sh"

bench_replay()
{
	local file fits=(default exact) files=() names=() largest=0

	[ -z "$quick" ] || fits=(default)
	[ $# -gt 0 ] || die "which trace files? (see --help)"
	for file in "$@"; do
		[[ $file != -* ]] || die "$part does not know $file (see --help)"
		[ -r "$file" ] || die "cannot read $file"
	done
	build_trace_tool
	use_kernel "${kinds[0]}"
	temp_dir
	: >"$log_dir/plan"
	for file in "$@"; do
		add_trace "$file" "$TEMP_DIR"
	done
	# The guest has each of them twice while it boots.
	run_replays --memory $((1024 + largest * 3)) "${files[@]}"
	show_conditions "1 CPU"
	dualtree_report footprint "$out" replay "$log_dir/report.txt"
}

# add_trace FILE DIR: one that is not a trace is not worth a boot.
add_trace()
{
	local name plain=$1 mib

	name=$(basename "$1" .gz)
	name=$(tr -c 'A-Za-z0-9._\n-' _ <<<"${name%.trace}")
	! grep -qxF -- "$name" <<<"$(printf '%s\n' "${names[@]}")" ||
		die "two files are called $name"
	names+=("$name")
	if [[ $1 == *.gz ]]; then
		plain=$2/$name.trace
		gzip -dc "$1" >"$plain" || die "$1 cannot be uncompressed"
	fi
	"$TRACE_TOOL" check "$plain" >&2 || die "$1 is not a trace that can be replayed"
	mib=$(($(stat -Lc %s "$plain") / 1048576 + 1))
	largest=$((largest + mib))
	files+=(--file "$plain:$name.trace")
	plan_replay "$name" "file=/run/harness/$name.trace"
}
