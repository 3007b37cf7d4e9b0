# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/bench sets
#
# How cost grows: tables, plots, and what growth it is, computed. All pictures and words are
# made of $out/curve.csv:
#
#   curve,contender,operation,x,operations,total,each
#
# help: curve [CURVE...]
# help:                how the cost of an operation grows with size, with what lives, with free
# help:                extents, with instances (counted instructions), and with CPUs (time,
# help:                of kmalloc() too): those of size, live, extents, instances and cpus that
# help:                are named, or all. Says whether growth is constant, logarithmic or
# help:                linear, by a fit. Some five minutes
# report 30: How cost grows

CURVES=(size live extents instances cpus)

quick_curve()
{
	echo "fewer points, shorter loops, fewer rounds"
}

bench_curve()
{
	local name wanted=("$@") counted=()

	for name in "${wanted[@]}"; do
		[[ " ${CURVES[*]} " == *" $name "* ]] ||
			die "there is no curve $name; there are: ${CURVES[*]}"
	done
	[ ${#wanted[@]} -gt 0 ] || wanted=("${CURVES[@]}")
	use_kernel "${kinds[0]}"
	for name in "${wanted[@]}"; do
		[ "$name" = cpus ] || counted+=("$name")
	done
	[ ${#counted[@]} -eq 0 ] || curve_count "${counted[@]}"
	[[ " ${wanted[*]} " != *" cpus "* ]] || curve_time
	cat "$log_dir"/*/report.txt | curve_csv >"$out/curve.csv"
	: >"$out/curve.against"
	for name in "${wanted[@]}"; do
		curve_show "$name"
		curve_plot "$name"
		curve_against "$name" >>"$out/curve.against"
	done
}

curve_plan()
{
	local name

	for name in "$@"; do
		echo "$name dualtree_curve.ko results curve=$name seed=$seed ${quick:+quick=1}"
	done
}

curve_count()
{
	mkdir -p "$log_dir/counted"
	curve_plan "$@" >"$log_dir/counted/plan"
	DUALTREE_ACCEL=icount run_guest "$log_dir/counted" dualtree_curve --memory 2048
}

# A clock that counts instructions knows one CPU only.
curve_time()
{
	mkdir -p "$log_dir/timed"
	curve_plan cpus >"$log_dir/timed/plan"
	run_guest "$log_dir/timed" dualtree_curve --cpus 4
}

# Of lines "CURVE results CONTENDER|OPERATION|X|OPERATIONS|TOTAL".
curve_csv()
{
	echo "curve,contender,operation,x,operations,total,each"
	sed -n 's/^\([a-z]*\) results /\1|/p' | awk -F '|' '
	{
		printf "%s,\"%s\",\"%s\",%s,%s,%s,%.4f\n", $1, $2, $3, $4, $5, $6, $6 / $5
	}'
}

# curve_points CURVE: "CONTENDER|OPERATION|X|EACH" of each of its points; those with a number of
# rounds as often as there are rounds.
curve_points()
{
	sed -n "s/^$1,\"\([^\"]*\)\",\"\([^\"]*\)\",\([0-9]*\),[0-9]*,[0-9]*,/\1|\2|\3|/p" \
		"$out/curve.csv"
}

curve_what()
{
	case $1 in
	size) echo "Size: instructions of an operation, against bytes of a block" ;;
	live) echo "Live: instructions of a free and an allocation, in random order, against what lives" ;;
	extents) echo "Extents: instructions of a free and an allocation, against free extents" ;;
	instances) echo "Instances: instructions of a pair, round robin, against instances" ;;
	cpus) echo "CPUs: pairs a second on so many CPUs at once" ;;
	esac
}

curve_x_label()
{
	case $1 in
	size) echo "bytes" ;;
	live) echo "live allocations" ;;
	extents) echo "free extents" ;;
	instances) echo "instances" ;;
	cpus) echo "CPUs" ;;
	esac
}

# cpus_of_rounds table|plot|against [WHERE]
cpus_of_rounds()
{
	awk -f "$SCRIPTS/lib/quantile.awk" -f "$SCRIPTS/lib/curve-cpus.awk" -v show="$1" \
		-v where="${2-}"
}

curve_show()
{
	echo
	curve_what "$1"
	if [ "$1" = cpus ]; then
		show_conditions "4 CPUs on $(nproc) of the host's"
		curve_points cpus | cpus_of_rounds table
		return
	fi
	show_conditions "1 CPU, instructions counted, seed $seed"
	curve_points "$1" | awk -v label="$(curve_x_label "$1")" -f "$SCRIPTS/lib/curve-table.awk"
	curve_points "$1" | grep -v ' bytes, ' | awk -f "$SCRIPTS/lib/curve-growth.awk"
}

curve_plot()
{
	local title base=10

	title=$(curve_what "$1")
	[ "$1" != size ] || base=2
	if [ "$1" = cpus ]; then
		curve_points cpus | cpus_of_rounds plot |
			plot "$out/curve-cpus.svg" "$title"
		return
	fi
	curve_points "$1" | grep -v ' bytes, ' |
		awk -v label="$(curve_x_label "$1")" -v base="$base" \
			-f "$SCRIPTS/lib/curve-plot.awk" |
		plot "$out/curve-$1.svg" "$title"
}

# At the last x that both have; of CPUs, at each.
curve_against()
{
	local where

	if [ "$1" = cpus ]; then
		curve_points cpus | cpus_of_rounds against "TCG, $(kernel_version), 4 CPUs"
		return
	fi
	where="counted, $(kernel_version)"
	curve_points "$1" | awk -F '|' -v where="$where" -v label="$(curve_x_label "$1")" '
	{
		if (!(($1, $2) in last))
			line[++lines] = $1 "|" $2
		last[$1, $2] = $3
		cost[$1, $2, $3] = $4
	}
	END {
		for (i = 1; i <= lines; i++) {
			split(line[i], peer, "|")
			what = peer[2]
			if (peer[1] ~ /^dualtree/ || !(("dualtree", what) in last))
				continue
			x = last[peer[1], what]
			if (("dualtree", what, x) in cost)
				printf "%s|%s, %s %s|%s|%.1f|%.1f|instructions\n", where, what, x,
					label, peer[1], cost["dualtree", what, x],
					cost[peer[1], what, x]
		}
	}'
}
