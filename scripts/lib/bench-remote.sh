# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Frees on another CPU than the allocation's, beside kmalloc() in the same run.
#
# help: remote         time of a free on another CPU than the allocation's, beside kmalloc() in
# help:                the same run: a ratio, since the time is that of translated code
# report 20: Freeing on another CPU

# A clock that counts instructions knows one CPU only.
bench_remote()
{
	no_more "$@"
	use_kernel "${kinds[0]}"
	echo "remote dualtree_cost.ko results remote=1" >"$log_dir/plan"
	run_guest "$log_dir" dualtree_cost --cpus 2
	show_conditions "2 CPUs"
	remote_table "$out/remote.csv" <"$log_dir/report.txt"
}

# remote_table CSV: of lines "remote results CONTENDER|ROW|OPERATIONS|NANOSECONDS"
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
