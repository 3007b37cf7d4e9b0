# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Bytes held for bytes live, of the traces of bench/host/traces.c. bench-replay.sh uses what is here
# for trace files.
#
# help: footprint [TRACE...]
# help:                bytes held for bytes live, of traces of streams (bench/host); all of
# help:                them if none is named, each with the defaults and with
# help:                DUALTREE_EXACT_FIT; over time, too, as a plot for each trace. Contents and
# help:                counts are checked all the time. Takes a few minutes. If no trace is
# help:                named, then also of many streams on many CPUs, and of a day of streams
# help:                that come and go, with kmalloc() and page_frag in the same run, all in: by
# help:                what the guest has left. The words streams and day name these alone
# help:     --ops N    allocations until most streams stop; default: as the trace says
# help:     --cycles N how often the other streams cycle their rings then; default 1
# report 50: Bytes held for bytes live

QUICK_OPS=40000

quick_footprint()
{
	echo "only the trace M, only with the defaults, and cut short after $QUICK_OPS allocations:" \
		"its ratios are not those of the whole trace; many streams and the day"
}

footprint_arguments()
{
	local trace OPTIONS=$'--ops NUMBER\n--cycles NUMBER' MAX_ARGUMENTS=$#

	ops=0 cycles=1 fits=(default exact)
	read_options "$@"
	wanted=("${ARGUMENTS[@]}")
	for trace in "${wanted[@]}"; do
		grep -qxF -- "$trace" <<<"$(list_footprints)" ||
			die "there is no trace $trace; there are: $(list_footprints | tr '\n' ' ')"
	done
	if [ -n "$quick" ]; then
		[ ${#wanted[@]} -gt 0 ] || wanted=(M)
		[ "$ops" -ne 0 ] || ops=$QUICK_OPS
		fits=(default)
	fi
	[ ${#wanted[@]} -gt 0 ] || mapfile -t wanted < <(list_footprints)
}

list_footprints()
{
	list_traces
	printf '%s\n' streams day
}

bench_footprint()
{
	local trace ops cycles wanted fits bars=()

	footprint_arguments "$@"
	use_kernel "${kinds[0]}"
	: >"$log_dir/plan"
	for trace in "${wanted[@]}"; do
		case $trace in
		streams | day) ;;
		*) plan_replay "$trace" "trace=$trace,$seed,$ops,$cycles" ;;
		esac
	done
	if [ -s "$log_dir/plan" ]; then
		build_trace_tool
		run_replays --memory 1024 --file "$TRACE_TOOL"
		show_conditions "1 CPU, seed $seed"
		# What was cut short is not what the bars are about.
		[ "$ops" -ne 0 ] || bars=(--bars)
		dualtree_report footprint "$out" footprint "$log_dir/report.txt" "${bars[@]}"
	fi
	for trace in streams day; do
		[[ " ${wanted[*]} " != *" $trace "* ]] || footprint_all_in "$trace"
	done
}

# footprint_all_in RUN: of the module's run of that name, by what the guest has left.
footprint_all_in()
{
	local dir=$log_dir/$1

	mkdir -p "$dir"
	echo "$1 dualtree_bench.ko results run=$1" >"$dir/plan"
	run_guest "$dir" dualtree_bench --cpus 4 --memory 2048
	show_conditions "4 CPUs, all in"
	dualtree_report "$1" "$out" "$dir/report.txt"
}

# plan_replay NAME ARGUMENTS: with each of fits[].
plan_replay()
{
	local fit flags

	for fit in "${fits[@]}"; do
		flags=0
		[ "$fit" = default ] || flags=1
		echo "$1/$fit dualtree_replay.ko results,curve $2 flags=$flags" >>"$log_dir/plan"
	done
}

# One guest for all of them: each has a pool of its own whose memory is in order, so what comes out
# depends neither on what went before nor on a clock. Nothing of that memory may be given back
# while a replay is at work.
run_replays()
{
	echo 'idle_ms=0 trim_delay_ms=100000000' >"$log_dir/dualtree.options"
	run_guest "$log_dir" dualtree_replay --file "$log_dir/dualtree.options" "$@"
}
