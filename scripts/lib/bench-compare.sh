# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Two reports' counted instructions side by side.
#
# help: compare DIR DIR
# help:                what cost left in two directories (--out), with the differences of more
# help:                than 1 %, and how many there are of less. Needs no guest

bench_compare()
{
	local dir

	[ $# -eq 2 ] || die "two directories are to be compared (see --help)"
	for dir in "$@"; do
		[ -r "$dir/cost.csv" ] || die "there is no cost.csv in $dir"
	done
	compare_csv "$1/cost.csv" "$2/cost.csv" >"$out/compare.csv"
	compare_table <"$out/compare.csv"
}

# A row that only one of them has has an empty place.
compare_csv()
{
	echo "kernel,contender,operation,before,after"
	awk '
	FNR == 1 { file++; next }
	{
		# Names have commas in them, and are quoted.
		split($0, part, "\"")
		key = part[1] "\"" part[2] "\",\"" part[4] "\""
		split(substr(part[5], 2), value, ",")
		if (!(key in seen))
			order[++nr] = key
		seen[key] = 1
		cost[file, key] = value[1]
	}
	END {
		for (i = 1; i <= nr; i++)
			printf "%s,%s,%s\n", order[i], cost[1, order[i]], cost[2, order[i]]
	}' "$1" "$2"
}

compare_table()
{
	awk '
	NR == 1 {
		printf "%-8s %-20s %-40s %10s %10s %8s\n", "kernel", "contender", "operation",
			"before", "after", ""
		next
	}
	{
		split($0, part, "\"")
		split(part[5], value, ",")
		kernel = part[1]
		sub(/,.*/, "", kernel)
		before = value[2]
		after = value[3]
		change = "-"
		if (before > 0 && after != "") {
			percent = (after / before - 1) * 100
			if (percent > -1 && percent < 1) {
				same++
				next
			}
			change = sprintf("%+.0f %%", percent)
			percent > 0 ? more++ : less++
		} else {
			alone++
		}
		printf "%-8s %-20s %-40s %10s %10s %8s\n", kernel, part[2], part[4], before, after,
			change
	}
	END {
		printf "\n%d take less, %d more, %d the same within 1 %%, %d are in one alone\n",
			less, more, same, alone
	}'
}
