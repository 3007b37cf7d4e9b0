# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What came of scripts/demo --relay: compared, judged, shown. To be sourced after relay.sh;
# uses value_of, require, row, amount, thousands and failures[] of scripts/demo.
#
#   relay_judge DIR    every condition that does not hold, into failures[]
#   relay_show DIR     the report, with a table over time, and DIR/relay.svg

# What scripts/demo was asked for.
# shellcheck disable=SC2154
: "${seconds?}"

# The rings are full so many seconds after the stream began.
RELAY_FULL=14
# Of what is held for each byte that is live, in hundredths.
RELAY_MOST_RATIO=135

# lines_of FILE [STREAM]: the checksums, without the comments.
lines_of()
{
	grep "^${2-[0-9]*}," "$1" || true
}

# is_suffix WHOLE PART: line by line, and not empty.
is_suffix()
{
	local lines

	lines=$(wc -l <"$2")
	[ "$lines" -gt 0 ] && tail -n "$lines" "$1" | cmp -s - "$2"
}

count_lines()
{
	lines_of "$@" 2>/dev/null | wc -l
}

# Each line is a packet or a frame with its time, its size and its checksum.
judge_reader()
{
	local dir=$1 name=$2 kind

	for kind in packets frames; do
		if ! cmp -s <(lines_of "$dir/../in.$kind") <(lines_of "$dir/$name.$kind"); then
			failures+=("the $name subscriber got other $kind than were published: \
$(count_lines "$dir/$name.$kind") of $(count_lines "$dir/../in.$kind")")
		fi
	done
}

# Who is late gets all from a key frame on. Of the sound the first frame decodes in another way,
# since what comes before is missing: there the packets have to do.
judge_late_reader()
{
	local dir=$1 part in=$1/part.in out=$1/part.late

	for part in "packets 0" "packets 1" "frames 0"; do
		lines_of "$dir/../in.${part% *}" "${part#* }" >"$in"
		lines_of "$dir/late.${part% *}" "${part#* }" >"$out"
		is_suffix "$in" "$out" ||
			failures+=("the late subscriber's ${part% *} of stream ${part#* } are not \
the end of what was published: $(wc -l <"$out") of $(wc -l <"$in")")
	done
	require "$(count_lines "$dir/late.packets" 0) < $(count_lines "$dir/../in.packets" 0)" \
		"the late subscriber was not late"
	rm -f "$in" "$out"
}

# Each bad stream, in the order in which they came, has one line of its own.
judge_bad_streams()
{
	local dir=$1 kind said lines=() i=0

	mapfile -t lines < <(sed -n 's/^line publisher [^ ]*: //p' "$dir/report.txt" |
		grep -v '^refused')
	while IFS='|' read -r kind said; do
		[ -n "$kind" ] || continue
		[[ ${lines[i]-} =~ ^$said,\ after ]] ||
			failures+=("the bad stream '$kind' was called: ${lines[i]-nothing}")
		i=$((i + 1))
	done <<<"$RELAY_BAD"
	require "${#lines[@]} == i" "${#lines[@]} lines about $i bad streams"
	require "$(value_of bad_streams) == i" "bad streams: $(value_of bad_streams), $i are due"
	require "$(value_of refused_publishers) == 1" \
		"second publishers refused: $(value_of refused_publishers), 1 is due"
}

# relay_samples FILE: "SECOND LIVE HELD KEPT FLYING FOOTPRINT SUBSCRIBERS" of each sample, counted
# from the first one with a stream.
relay_samples()
{
	sed -n 's/^sample //p' "$1" | awk '
	{
		for (i = 1; i <= NF; i++) {
			split($i, word, "=")
			value[word[1]] = word[2]
		}
		if (!started && value["tags"] > 0)
			started = value["uptime"]
		if (started)
			printf "%.1f %d %d %d %d %d %d\n", value["uptime"] - started,
				value["live_bytes"], value["held_bytes"], value["kept_bytes"],
				value["inflight_bytes"], value["footprint_bytes"], value["subscribers"]
	}'
}

# steady_ratio FILE SECONDS: "SAMPLES MEAN WORST" of held/live in hundredths, from when the rings
# are full to when the stream ends.
steady_ratio()
{
	relay_samples "$1" | awk -v from="$RELAY_FULL" -v to="$2" '
	$1 >= from && $1 < to - 2 && $2 > 0 {
		ratio = $3 * 100 / $2
		sum += ratio
		n++
		if (ratio > worst)
			worst = ratio
	}
	END { printf "%d %d %d\n", n, n ? sum / n + 0.5 : 0, worst + 0.999 }'
}

judge_memory()
{
	read -r steady_samples steady_mean steady_worst < <(steady_ratio "$1/report.txt" "$seconds")
	require "steady_samples >= 5" "only $steady_samples samples of a stream with full rings"
	require "steady_worst <= RELAY_MOST_RATIO" \
		"held/live is up to $steady_worst hundredths, at most $RELAY_MOST_RATIO are due"
	require "$(value_of live_bytes) == 0" "live after the streams: $(value_of live_bytes) bytes"
	require "$(value_of held_bytes) == 0" "held after the streams: $(value_of held_bytes) bytes"
	require "$(value_of inflight_bytes) == 0" "in flight after the streams: $(value_of inflight_bytes)"
	require "$(value_of pool_used_bytes) == 0" \
		"the pools still have blocks out: $(value_of pool_used_bytes) bytes"
	require "$(value_of bad_frees) == 0" "bad frees: $(value_of bad_frees)"
}

# relay_complaints DIR: what our modules said that is not a line about a connection.
relay_complaints()
{
	sed -n 's/\r*$//; s/^\[[^]]*\] //; /^\(dualtree\|dualtree_netbuf\|flvrelay\): /p' \
		"$1/console.log" | grep -vE \
		': (loading out-of-tree|module verification failed|unloaded: |publisher |subscriber )' ||
		true
}

relay_judge()
{
	local line

	failures=()
	while IFS= read -r line; do
		failures+=("$line")
	done < <(cat "$1/host-failures" "$1/verdict.txt" 2>/dev/null
		relay_complaints "$1" | sed 's/^/console: /')
	judge_reader "$1" first
	judge_reader "$1" second
	judge_late_reader "$1"
	judge_bad_streams "$1"
	judge_memory "$1"
	require "$(value_of streams) == 1" "whole streams: $(value_of streams), 1 is due"
	require "$(value_of completed) == 3" \
		"subscribers that got the end: $(value_of completed), 3 are due"
	require "$(value_of zerocopy_bytes) > 0" "nothing was sent without copying"
}

# The table and the picture are of the stream alone, and a little of what came after.
show_over_time()
{
	printf '  %-10s %8s %10s %10s %10s %10s %10s\n' 'over time' seconds live held kept \
		'in flight' footprint
	relay_samples "$1" | awk '
	$1 >= due {
		printf "  %-10s %8d", "", $1
		for (i = 2; i <= 6; i++)
			printf " %6d KiB", $i / 1024
		print ""
		due = int($1 / 5) * 5 + 5
	}'
}

reader_row()
{
	row "$1" "$(printf '%s video and %s audio packets, %s and %s frames' \
		"$(count_lines "$2.packets" 0)" "$(count_lines "$2.packets" 1)" \
		"$(count_lines "$2.frames" 0)" "$(count_lines "$2.frames" 1)")"
}

relay_show()
{
	local release=${KERNEL_KDIR##*/linux-headers-} all

	all=$(($(value_of zerocopy_bytes) + $(value_of copied_bytes)))
	echo
	echo "flvrelay (dualtree, dualtree_netbuf) on Linux $release, $CPUS CPUs, e1000"
	reader_row published "$1/../in"
	reader_row first "$1/first"
	reader_row second "$1/second"
	reader_row late "$1/late"
	row tags "$(thousands "$(value_of tags)"), $(amount "$(value_of payload_bytes)") of payload"
	row sent "$(amount "$all") in $(thousands "$(value_of sends)") calls, of which the stack copied \
$(amount "$(value_of copied_bytes)")"
	row dropped "too slow $(value_of slow_dropped), left $(value_of left)"
	sed -n 's/^line /'"$(printf '  %-10s ' said)"'/p' "$1/report.txt"
	show_over_time "$1/report.txt"
	row steady "held/live $(ratio "$steady_mean" 100) on average, $(ratio "$steady_worst" 100) at \
most, of $steady_samples samples"
	row 'at the end' "$(amount "$(value_of destroyed_bytes)") were live when their streams ended, and \
went with their instances"
	row '' "live $(value_of live_bytes), held $(value_of held_bytes), the pools' blocks out \
$(value_of pool_used_bytes), bad frees $(value_of bad_frees)"
	relay_samples "$1/report.txt" | awk -f "$SCRIPTS/lib/relay-plot.awk" >"$1/relay.svg"
	row picture "$1/relay.svg"
}
