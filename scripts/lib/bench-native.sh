# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Nanoseconds of an operation, and of other allocators' in the same run, under user-mode Linux.
#
# help: native [--rounds N]
# help:                nanoseconds of an operation in user-mode Linux, where all that allocate
# help:                take turns: medians of N rounds (default 41), and their ratios. The first
# help:                time it builds a kernel, in some minutes; then it takes one
# report 15: What an operation takes, natively

NATIVE_ROUNDS=41
# Of the part alone, with --quick.
NATIVE_QUICK_ROUNDS=11
NATIVE_TIMEOUT=900

quick_native()
{
	echo "skip: modules for another kernel, and that kernel if it is not there yet, take too long"
}

bench_native()
{
	local rounds=$NATIVE_ROUNDS load cpu OPTIONS='--rounds NUMBER' MAX_ARGUMENTS=0

	[ -z "$quick" ] || rounds=$NATIVE_QUICK_ROUNDS
	read_options "$@"
	use_kernel uml
	load=$(cut -d' ' -f1-3 /proc/loadavg)
	cpu=$(native_cpu)
	echo "native dualtree_bench.ko results,time run=native seed=$seed rounds=$rounds" >"$log_dir/plan"
	run_guest "$log_dir" dualtree_bench --uml --pin "$cpu" --timeout "$NATIVE_TIMEOUT"
	dualtree_report native "$out" "$log_dir/report.txt" --config "$KERNEL_KDIR/.config" \
		--load "$load" --cpu "$cpu" --conditions "User-mode Linux $(<"$KERNEL_KDIR/\
include/config/kernel.release"), $rounds rounds, seed $seed, $BOOT_OPTIONS, tree $(tree_commit)"
}

# The last of those that we may run on: the first has more to do with interrupts.
native_cpu()
{
	taskset -cp $$ | sed 's/.*[^0-9]//'
}
