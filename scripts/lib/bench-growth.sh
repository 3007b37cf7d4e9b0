# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # what scripts/bench sets
#
# What grows with CPUs, instances and memory, in programs of this machine: host/growth/.
#
# help: growth         how it grows, in a program of this machine and in minutes: accesses to
# help:                cache lines of other CPUs, by a model of caches, for 1 to 64 CPUs, and
# help:                kmalloc()'s in the same model; what a call takes with 1 to 100,000
# help:                instances, and what they take; records for 1 GiB to 1 TiB of memory
# report 45: How it grows

quick_growth()
{
	echo "more than 1000 instances; of each CPU's calls three quarters"
}

# growth_run KIND PART...: adds what the program of that build reports.
growth_run()
{
	local kind=$1 log=$log_dir/$1.txt

	shift
	host_build "$kind"
	run_or_die "the program did not run; what it said is in $log" "counting and timing: $*" \
		"$log" host_last_line "$HOST_BIN/growth" ${quick:+quick} "$@"
	cat "$log" >>"$log_dir/report.txt"
}

bench_growth()
{
	no_more "$@"
	: >"$log_dir/report.txt"
	# As for guests: what counts may run while others count, what takes the time runs alone.
	DUALTREE_ACCEL=icount guest_turn
	growth_run counted cpus instances memory
	host_build timed
	exec {GUEST_FD}>&-
	guest_turn
	growth_run timed times
	exec {GUEST_FD}>&-
	apt_install gnuplot-nox
	echo "The core as a program of this machine, tree $(tree_commit)"
	dualtree_report scale "$out" "$log_dir/report.txt"
}
