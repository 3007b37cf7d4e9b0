# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Bytes held for bytes live, of the traces of bench/trace*.c. bench-replay.sh uses what is here for
# trace files.
#
# help: footprint [TRACE...]
# help:                bytes held for bytes live, of traces of streams (bench/trace*.c); all of
# help:                them if none is named, each with the defaults and with
# help:                DUALTREE_EXACT_FIT; over time, too, as a plot for each trace. Contents and
# help:                counts are checked all the time. Takes a few minutes
# help:     --ops N    allocations until most streams stop; default: as the trace says
# help:     --cycles N how often the other streams cycle their rings then; default 1
# report 50: Bytes held for bytes live

QUICK_OPS=40000

quick_footprint()
{
	echo "only the trace M, only with the defaults, and cut short after $QUICK_OPS allocations:" \
		"its ratios are not those of the whole trace"
}

footprint_arguments()
{
	local trace

	ops=0 cycles=1 wanted=() fits=(default exact)
	while [ $# -gt 0 ]; do
		case $1 in
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
	if [ -n "$quick" ]; then
		[ ${#wanted[@]} -gt 0 ] || wanted=(M)
		[ "$ops" -ne 0 ] || ops=$QUICK_OPS
		fits=(default)
	fi
	[ ${#wanted[@]} -gt 0 ] || mapfile -t wanted < <(list_traces)
}

bench_footprint()
{
	local trace ops cycles wanted fits

	footprint_arguments "$@"
	use_kernel "${kinds[0]}"
	: >"$log_dir/plan"
	for trace in "${wanted[@]}"; do
		plan_replay "$trace" "seed=$seed ops=$ops cycles=$cycles trace=$trace"
	done
	run_replays --memory 1024
	show_conditions "1 CPU, seed $seed"
	footprint_results
	# What was cut short is not what the bars are about.
	[ "$ops" -ne 0 ] || footprint_bars <"$out/footprint.csv" >"$out/footprint.bars"
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

# Of $log_dir/report.txt: prints the table, writes the other results.
footprint_results()
{
	local name

	footprint_table "$out/$part.csv" <"$log_dir/report.txt"
	footprint_order <"$log_dir/report.txt"
	footprint_curve <"$log_dir/report.txt" >"$out/$part-curve.csv"
	while IFS= read -r name; do
		footprint_plot "$name" <"$log_dir/report.txt"
	done < <(sed -n 's|^\([^/]*\)/default results name.*|\1|p' "$log_dir/report.txt")
}

# For the report, of the table.
footprint_bars()
{
	awk -F, '
	function bar(what, measured, must)
	{
		if (must != "")
			printf "replayed|%s, %s held/live|%s|%s||times\n", $1, what, measured, must
	}
	$2 == "default" {
		bar("peak", $5, $6)
		bar("mean", $7, $8)
		bar("after the stop", $9, $10)
	}'
}

# What took more memory than had been put in order depends on the boot.
footprint_order()
{
	awk '
	$2 == "results" && $3 == "arenas_in_order" { ordered[$1] = $4 }
	$2 == "results" && $3 == "arenas" && $4 > ordered[$1] {
		print $1 ": took more memory than had been put in order; another boot may differ"
	}'
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
		printf "%-12s %-8s %9s %9s  %6s %5s  %6s %5s  %6s %5s  %6s  %6s %6s\n", trace, fit,
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
		# One stream alone: there is none to stop. Not all files say when most have.
		many = ("stopped_held" in value) && trace !~ /^[A-D]1$/
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

# footprint_points TRACE/FIT: "KILO-ALLOCS LIVE-MIB HELD-MIB", as gnuplot wants them.
footprint_points()
{
	awk -v run="$1" '$1 == run && $2 == "curve" {
		printf "%.3f %.4f %.4f\n", $3 / 1000, $4 / 1048576, $5 / 1048576
	}'
}

# A line where most streams have stopped, if that is known.
footprint_marks()
{
	awk -v run="$1/default" '
	$1 == run && $2 == "results" && $3 == "stopped_allocs" {
		at = sprintf("first %.3f, graph", $4 / 1000)
		print "set arrow from " at " 0 to " at " 1 nohead dashtype 2 linetype 7"
		print "set label \"most streams stop\" at " at " 0.04 right offset -1,0"
	}'
}

# footprint_plot TRACE: of what the guest reported.
# shellcheck disable=SC2016 # the names are gnuplot's
footprint_plot()
{
	local text fit

	text=$(cat)
	{
		footprint_marks "$1" <<<"$text"
		cat <<-'END'
			set xlabel "allocations, in thousands"
			set autoscale xfixmax
			set ylabel "MiB"
			set yrange [0:*]
		END
		for fit in default exact; do
			printf '$%s << END\n' "$fit"
			footprint_points "$1/$fit" <<<"$text"
			echo END
		done
		printf 'plot $default using 1:3 with lines linetype 1 title "held"'
		! grep -q "^$1/exact curve" <<<"$text" ||
			printf ', $exact using 1:3 with lines linetype 2 title "held, EXACT_FIT"'
		echo ', $default using 1:2 with lines linetype 3 title "live"'
	} | plot "$out/$part-$1.svg" "$1: memory over time"
}
