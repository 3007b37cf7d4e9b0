# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # what scripts/bench sets
#
# How cost grows: tables, plots, and what growth it is, computed.
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
	local name wanted=("$@") counted=() reports=()

	for name in "${wanted[@]}"; do
		[[ " ${CURVES[*]} " == *" $name "* ]] ||
			die "there is no curve $name; there are: ${CURVES[*]}"
	done
	[ ${#wanted[@]} -gt 0 ] || wanted=("${CURVES[@]}")
	use_kernel "${kinds[0]}"
	for name in "${wanted[@]}"; do
		[ "$name" = cpus ] || counted+=("$name")
	done
	[ ${#counted[@]} -eq 0 ] ||
		DUALTREE_ACCEL=icount curve_run counted --memory 2048 -- "${counted[@]}"
	# A clock that counts instructions knows one CPU only.
	[[ " ${wanted[*]} " != *" cpus "* ]] || curve_run timed --cpus 4 -- cpus
	dualtree_report curve "$out" "${reports[@]}" --version "$(kernel_version)" \
		--curves "$(tr ' ' , <<<"${wanted[*]}")" \
		--counted "$(show_conditions "1 CPU, instructions counted, seed $seed")" \
		--timed "$(show_conditions "4 CPUs on $(nproc) of the host's")"
}

# curve_run NAME OPTION VALUE -- CURVE...
curve_run()
{
	local dir=$log_dir/$1 option=("$2" "$3") name

	shift 4
	mkdir -p "$dir"
	for name in "$@"; do
		echo "$name dualtree_bench.ko results run=$name seed=$seed ${quick:+quick=1}"
	done >"$dir/plan"
	run_guest "$dir" dualtree_bench "${option[@]}"
	reports+=("$dir/report.txt")
}
