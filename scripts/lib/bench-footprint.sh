# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Bytes held for bytes live, of the traces of bench/trace*.c.
#
# help: footprint [TRACE...]
# help:                bytes held for bytes live, of traces of streams (bench/trace*.c); all of
# help:                them if none is named, each with the defaults and with
# help:                DUALTREE_EXACT_FIT. Contents and counts are checked all the time. Takes
# help:                some ten minutes
# help:     --ops N    allocations until most streams stop; default: as the trace says
# help:     --cycles N how often the other streams cycle their rings then; default 1
# help:     --curve    write what was live and held over time to footprint-curve.csv
# report 50: Bytes held for bytes live

list_traces()
{
	sed -n 's/^	{ "\([^"]*\)", [0-9].*/\1/p' "$PROJECT/bench/trace.c"
}

footprint_arguments()
{
	local trace

	ops=0 cycles=1 curve='' wanted=()
	while [ $# -gt 0 ]; do
		case $1 in
		--curve) curve=yes ;;
		--ops | --cycles)
			need_value "$1" $#
			case $2 in '' | *[!0-9]*) die "$1 $2: not a number" ;; esac
			[ "$1" = --ops ] && ops=$2 || cycles=$2
			shift
			;;
		-*) die "$part does not know $1 (see --help)" ;;
		*) wanted+=("$1") ;;
		esac
		shift
	done
	for trace in "${wanted[@]}"; do
		grep -qxF -- "$trace" <<<"$(list_traces)" ||
			die "there is no trace $trace; there are: $(list_traces | tr '\n' ' ')"
	done
	[ ${#wanted[@]} -gt 0 ] || mapfile -t wanted < <(list_traces)
}

# Each has a guest of its own: placement goes by address, and memory that has been in use
# before comes in another order, which is enough to change what comes out. That the clock
# counts instructions makes all guests boot alike, however busy the machine is.
bench_footprint()
{
	local trace ops cycles curve wanted

	footprint_arguments "$@"
	use_kernel "${kinds[0]}"
	: >"$log_dir/report.txt"
	for trace in "${wanted[@]}"; do
		replay "$trace" default "trace=$trace"
		replay "$trace" exact "trace=$trace" flags=1
	done
	show_conditions "1 CPU, seed $seed"
	footprint_table "$out/footprint.csv" <"$log_dir/report.txt"
	[ -z "$curve" ] || footprint_curve <"$log_dir/report.txt" >"$out/footprint-curve.csv"
}

# replay TRACE FIT ARGUMENT...
replay()
{
	local name=$1/$2 results=results

	shift 2
	[ -z "$curve" ] || results+=,curve
	mkdir -p "$log_dir/$name"
	echo "$name dualtree_replay.ko $results seed=$seed ops=$ops cycles=$cycles $*" \
		>"$log_dir/$name/plan"
	DUALTREE_ACCEL=icount run_guest "$log_dir/$name" dualtree_replay
	cat "$log_dir/$name/report.txt" >>"$log_dir/report.txt"
}

# footprint_table CSV: of lines "TRACE/FIT results NAME VALUE".
# For each of peak, mean and after: held/live, and the bar. "stop" is held/live when most
# streams have just stopped, "gets" and "puts" are regions for 1000 allocations.
footprint_table()
{
	CSV=$1 BARS=$PROJECT/bench/footprint.bars awk '
	function ratio(what)
	{
		return value[what "_live"] ? sprintf("%.2f", value[what "_held"] / value[what "_live"]) : "-"
	}
	function per_thousand(what)
	{
		# Of a trace that is cut short its beginning may be all there is.
		if (!value["steady_allocs"])
			return "-"
		return sprintf("%.2f", value[what] * 1000 / value["steady_allocs"])
	}
	function kib(what)
	{
		return int((value[what] + 1023) / 1024)
	}
	function line(trace, fit, live, held, peak, bar1, mean, bar2, after, bar3, stop, gets, puts)
	{
		printf "%-6s %-8s %9s %9s  %6s %5s  %6s %5s  %6s %5s  %6s  %6s %6s\n", trace, fit,
			live, held, peak, bar1, mean, bar2, after, bar3, stop, gets, puts
		if (csv)
			printf "%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s\n", trace, fit, live, held,
				peak, bar1, mean, bar2, after, bar3, stop, gets, puts >csv
	}
	function flush(  trace, fit, part, bars)
	{
		if (!run)
			return
		split(run, part, "/")
		trace = part[1]
		fit = part[2]
		split(bar[trace], bars, "|")
		line(trace, fit, kib("peak_live"), kib("peak_held"), ratio("peak"), bars[2],
			ratio("mean"), bars[3], many ? ratio("cycled") : "", bars[4],
			many ? ratio("stopped") : "", per_thousand("steady_gets"),
			per_thousand("steady_puts"))
		delete value
	}
	BEGIN {
		csv = ENVIRON["CSV"]
		while ((getline text <ENVIRON["BARS"]) > 0)
			if (text !~ /^#/)
				bar[substr(text, 1, index(text, "|") - 1)] = text
		line("trace", "fit", "live KiB", "held KiB", "peak", "bar", "mean", "bar", "after", "bar",
			"stop", "gets", "puts")
	}
	$2 == "results" {
		if ($1 != run)
			flush()
		run = $1
		# One stream alone: there is none to stop.
		many = $1 !~ /^[A-D]1\//
		value[$3] = $4
	}
	END {
		flush()
	}'
}

# Of lines "TRACE/FIT curve ALLOCS LIVE HELD", as CSV.
footprint_curve()
{
	echo "trace,fit,allocs,live,held"
	sed -n 's|^\([^/ ]*\)/\([^ ]*\) curve \([0-9]*\) \([0-9]*\) \([0-9]*\)$|\1,\2,\3,\4,\5|p'
}
