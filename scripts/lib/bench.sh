# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The tables of scripts/bench. To be sourced after common.sh and kernel.sh.
#
#   show_conditions TEXT   what a table was measured under
#   cost_table CSV         of lines "cost results CONTENDER|ROW|OPERATIONS|NANOSECONDS"
#   remote_table CSV       of lines "remote results CONTENDER|ROW|OPERATIONS|NANOSECONDS"
#   footprint_table CSV    of lines "TRACE/FIT results NAME VALUE"
#   footprint_curve        of lines "TRACE/FIT curve ALLOCS LIVE HELD", as CSV
#
# All read what the guest reported. CSV is a file to write the table to as well, or "".

show_conditions()
{
	local commit

	commit=$(git -C "$PROJECT" describe --always --dirty --abbrev=10 2>/dev/null) || commit=unknown
	echo "Linux ${KERNEL_IMAGE##*/vmlinuz-} in QEMU, $1, $BOOT_OPTIONS, tree $commit"
}

cost_table()
{
	sed -n 's/^cost results //p' | CSV=$1 BARS=$PROJECT/bench/cost.bars awk -F '|' '
	function line(contender, row, instructions, must, goal)
	{
		printf "%-20s %-28s %12s %8s %8s\n", contender, row, instructions, must, goal
	}
	BEGIN {
		csv = ENVIRON["CSV"]
		while ((getline text <ENVIRON["BARS"]) > 0) {
			if (text ~ /^#/ || split(text, bar, "|") < 4)
				continue
			must[bar[1], bar[2]] = bar[3]
			goal[bar[1], bar[2]] = bar[4]
		}
		line("contender", "operation", "instructions", "must", "goal")
		if (csv)
			print "contender,operation,instructions,must,goal" >csv
	}
	{
		if (NR > 1 && $1 != last)
			print ""
		last = $1
		instructions = sprintf("%.1f", $4 / $3)
		line($1, $2, instructions, must[$1, $2], goal[$1, $2])
		if (csv)
			printf "\"%s\",\"%s\",%s,%s,%s\n", $1, $2, instructions, must[$1, $2],
				goal[$1, $2] >csv
	}'
}

remote_table()
{
	sed -n 's/^remote results //p' | CSV=$1 awk -F '|' '
	BEGIN {
		csv = ENVIRON["CSV"]
		printf "%-20s %10s %10s %8s\n", "1500 B", "dualtree", "kmalloc", "ratio"
		if (csv)
			print "operation,dualtree ns,kmalloc ns,ratio" >csv
	}
	{
		if (!($2 in seen))
			row[++rows] = $2
		seen[$2] = 1
		ns[$1, $2] = sprintf("%.1f", $4 / $3)
	}
	END {
		for (i = 1; i <= rows; i++) {
			ours = ns["dualtree", row[i]]
			theirs = ns["kmalloc", row[i]]
			ratio = theirs > 0 ? sprintf("%.2f", ours / theirs) : ""
			printf "%-20s %7s ns %7s ns %8s\n", row[i], ours, theirs, ratio
			if (csv)
				printf "%s,%s,%s,%s\n", row[i], ours, theirs, ratio >csv
		}
	}'
}

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

footprint_curve()
{
	echo "trace,fit,allocs,live,held"
	sed -n 's|^\([^/ ]*\)/\([^ ]*\) curve \([0-9]*\) \([0-9]*\) \([0-9]*\)$|\1,\2,\3,\4,\5|p'
}
