# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Instructions of an operation, counted by QEMU, on each kernel that was asked for.
#
# help: cost           instructions of an operation, of dualtree and of what the kernel has
# help:                already. QEMU's clock counts instructions, so nearly the same comes out
# help:                of every run, whatever else the machine does. Half a minute a kernel
# report 10: What an operation costs, in instructions

bench_cost()
{
	local kind runs=()

	no_more "$@"
	for kind in "${kinds[@]}"; do
		use_kernel "$kind"
		cost_run "$log_dir/$kind"
		runs+=("$(kernel_version)=$log_dir/$kind/report.txt")
		show_conditions "1 CPU, instructions counted, seed $seed"
	done
	dualtree_report cost "$out" "${runs[@]}"
}

# What is received and sent is measured by modules of their own. drm_mm is in a module of the
# kernel's own, and its rows are in one of ours.
cost_run()
{
	local dir=$1 files=dualtree_bench.ko options=() name path drm

	mkdir -p "$dir"
	for name in dualtree_netbuf dualtree_bench_rx dualtree_bench_tx; do
		path=$(module_path "$name") || continue
		files+=,$name.ko
		options+=(--file "$path")
	done
	if drm=$(module_path dualtree_bench_drm); then
		KERNELS_OWN=()
		add_kernels_own drm
		for path in "${KERNELS_OWN[@]}" "$drm"; do
			files+=,$(basename "$path")
			options+=(--file "$path")
		done
	fi
	echo "cost $files results run=cost seed=$seed" >"$dir/plan"
	DUALTREE_ACCEL=icount run_guest "$dir" dualtree_bench "${options[@]}"
}

# add_kernels_own NAME: adds to KERNELS_OWN the kernel's own module, not compressed, after
# those that it needs. What is built in needs none.
add_kernels_own()
{
	local file needed

	file=$(find "$KERNEL_MODULES" -name "$1.ko" -o -name "$1.ko.xz" | sed -n 1p)
	[ -n "$file" ] || return 0
	for needed in $(modinfo -F depends "$file" | tr , ' '); do
		add_kernels_own "$needed"
	done
	if [[ $file == *.xz ]]; then
		temp_dir
		xz -dc "$file" >"$TEMP_DIR/$1.ko"
		file=$TEMP_DIR/$1.ko
	fi
	KERNELS_OWN+=("$file")
}
