# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Frees on another CPU than the allocation's, and kmalloc() in the same run.
#
# help: remote         time of a free on another CPU than the allocation's, and of packets on
# help:                their way from CPUs that allocate to CPUs that free, and kmalloc() in
# help:                the same runs: a ratio, since the time is that of translated code
# report 20: Freeing on another CPU

quick_remote()
{
	echo "of packets on their way: fewer and shorter rounds"
}

# A clock that counts instructions knows one CPU only.
bench_remote()
{
	no_more "$@"
	use_kernel "${kinds[0]}"
	printf '%s\n' "remote dualtree_cost.ko results remote=1" \
		"pipe dualtree_pipe.ko results $(pipe_arguments)" >"$log_dir/plan"
	run_guest "$log_dir" dualtree_cost --cpus 4 --file "$(built_module dualtree_pipe)"
	TIMED_BY=$(timed_by "$log_dir")
	show_conditions "$TIMED_BY, 4 CPUs on $(nproc) of the host's"
	remote_table "$out/remote.csv" <"$log_dir/report.txt"
	echo
	sed -n 's/^pipe results //p' "$log_dir/report.txt" >"$log_dir/pipe"
	pipe_summary <"$log_dir/pipe" >"$out/remote-pipe.csv"
	pipe_table <"$out/remote-pipe.csv"
	remote_against <"$out/remote.csv" >"$out/remote.against"
	pipe_against <"$out/remote-pipe.csv" >>"$out/remote.against"
	pipe_bars <"$out/remote-pipe.csv" >"$out/remote.bars"
	pipe_plot <"$out/remote-pipe.csv"
}

pipe_arguments()
{
	if [ -n "$quick" ]; then
		echo packets=10000 rounds=9
	else
		echo packets=20000 rounds=41
	fi
}

# Of lines SHAPE|CONTENDER|PACKETS|NANOSECONDS, one for each run: medians, quartiles, and the
# quartiles of the ratio in one round.
pipe_summary()
{
	BARS=$PROJECT/bench/pipe.bars awk -F '|' "$(<"$SCRIPTS/lib/quantile.awk")"'
	function three(values, n)
	{
		return sprintf("%.4g,%.4g,%.4g", quantile(values, n, 0.5), quantile(values, n, 0.25),
			quantile(values, n, 0.75))
	}
	BEGIN {
		while ((getline text <ENVIRON["BARS"]) > 0) {
			if (text ~ /^#/ || split(text, bar, "|") < 3)
				continue
			bars[bar[1]] = bar[2] "," bar[3]
		}
		print "shape,rounds,dualtree ns,quartile,quartile,kmalloc ns,quartile,quartile," \
			"ratio of medians,quartile,quartile,must,goal"
	}
	{
		if (!($1 in rounds))
			shape[++shapes] = $1
		rounds[$1] = ++count[$1, $2]
		ns[$1, $2, count[$1, $2]] = $4 / $3
	}
	END {
		for (i = 1; i <= shapes; i++) {
			name = shape[i]
			n = rounds[name]
			for (r = 1; r <= n; r++) {
				ours[r] = ns[name, "dualtree", r]
				theirs[r] = ns[name, "kmalloc", r]
				ratio[r] = ours[r] / theirs[r]
			}
			printf "%s,%d,%s,%s,%.2f,%.2f,%.2f,%s\n", name, n, three(ours, n),
				three(theirs, n), quantile(ours, n, 0.5) / quantile(theirs, n, 0.5),
				quantile(ratio, n, 0.25), quantile(ratio, n, 0.75), bars[name]
		}
	}'
}

pipe_table()
{
	awk -F , '
	NR == 1 {
		printf "%-14s %24s %24s %20s %6s %6s\n", "producers ->", "dualtree ns a packet",
			"kmalloc ns a packet", "ratio", "must", "goal"
		printf "%-14s %24s %24s %20s\n", "consumers", "median (quartiles)",
			"median (quartiles)", "medians (of rounds)"
		next
	}
	{
		printf "%-14s %24s %24s %20s %6s %6s\n", $1,
			sprintf("%.0f (%.0f..%.0f)", $3, $4, $5),
			sprintf("%.0f (%.0f..%.0f)", $6, $7, $8),
			sprintf("%.2f (%.2f..%.2f)", $9, $10, $11), $12, $13
	}'
}

remote_against()
{
	awk -F , -v where="$TIMED_BY, $(kernel_version), 4 CPUs" '
	NR > 1 { printf "%s|%s|kmalloc|%s|%s|ns\n", where, $1, $2, $3 }'
}

pipe_against()
{
	awk -F , -v where="$TIMED_BY, $(kernel_version), 4 CPUs" '
	NR > 1 { printf "%s|packets %s|kmalloc|%.0f|%.0f|ns\n", where, $1, $3, $6 }'
}

pipe_bars()
{
	awk -F , -v where="$TIMED_BY, $(kernel_version), 4 CPUs" '
	NR > 1 { printf "%s|packets %s, of kmalloc|%s|%s|%s|\n", where, $1, $9, $12, $13 }'
}

pipe_plot()
{
	awk -F , '
	BEGIN {
		print "set ylabel \"nanoseconds a packet\""
		print "set yrange [0:*]"
		print "$d << EOD"
	}
	NR > 1 { printf "\"%s\" %s %s %s %s %s %s\n", $1, $3, $4, $5, $6, $7, $8 }
	END {
		print "EOD"
		printf "set xrange [-0.5:%.1f]\n", NR - 1.5
		print "plot $d using ($0 - 0.05):2:3:4:xtic(1) with yerrorbars title \"dualtree\", " \
			"$d using ($0 + 0.05):5:6:7 with yerrorbars title \"kmalloc\""
	}' | plot "$out/remote-pipe.svg" "Packets that one CPU allocates and another frees"
}

# remote_table CSV: of lines "remote results CONTENDER|ROW|OPERATIONS|NANOSECONDS"
remote_table()
{
	sed -n 's/^remote results //p' | awk -F '|' -v csv="$1" '
	BEGIN {
		printf "%-26s %10s %10s %8s\n", "1500 B", "dualtree", "kmalloc", "ratio"
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
			ratio = theirs > 0 ? sprintf("%.2f", ours / theirs) : "-"
			printf "%-26s %7s ns %7s ns %8s\n", row[i], ours, theirs, ratio
			printf "%s,%s,%s,%s\n", row[i], ours, theirs, ratio >csv
		}
	}'
}
