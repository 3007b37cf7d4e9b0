# SPDX-License-Identifier: GPL-2.0
#
# One run of suites in a guest, and what came of it. To be sourced after common.sh,
# kernel.sh, build.sh and guest.sh.
#
#   suite_module AREA           the name of the module with the suite dualtree_AREA
#   make_plan DIR SUITE.ko...   writes DIR/plan and DIR/files from BUILD_MODULES: the
#                               suites with what they depend on; SEED is passed to
#                               those that take it, SUITE_ARGUMENTS to all
#   run_plan DIR [VM-OPTION...] boots the guest; everything is left in DIR
#   judge_run DIR               reads DIR; sets RUN_PASSED, RUN_FAILED, RUN_SKIPPED and
#                               leaves DIR/results.txt (what kunit.py says) and
#                               DIR/failures.txt (what else is wrong, "KIND: TEXT")
#
# Promises: what was not seen to pass has failed. A real run and the self-check are
# judged by the same code.

# set_nodes: sets NODES[], what a guest gets that tests what is kept by node: two nodes with two
# CPUs each. Not on riscv64: there QEMU gives each node an interrupt controller of its own, and
# no interrupt of the serial port, a card at the second one, reaches the kernel (6.12).
set_nodes()
{
	NODES=(--memory 1024 --cpus 4)
	[ "$GUEST_ARCH" != riscv64 ] || return 0
	NODES+=(
		--qemu-arg -object --qemu-arg 'memory-backend-ram,id=near,size=768M'
		--qemu-arg -object --qemu-arg 'memory-backend-ram,id=far,size=256M'
		--qemu-arg -numa --qemu-arg 'node,nodeid=0,cpus=0-1,memdev=near'
		--qemu-arg -numa --qemu-arg 'node,nodeid=1,cpus=2-3,memdev=far'
	)
}

suite_module()
{
	echo "dualtree_$1_test"
}

# What the kernel itself has is not in this build, and needs no loading.
add_dependencies()
{
	local dependency path

	for dependency in $(modinfo -F depends "$1" | tr ',' ' '); do
		path=$(module_path "$dependency") || continue
		add_dependencies "$path"
		add_to_plan base "$path"
	done
}

add_to_plan()
{
	local kind=$1 path=$2 arguments=${3-}

	! grep -qxF -- "$path" "$PLAN_DIR/files" || return 0
	echo "$path" >>"$PLAN_DIR/files"
	echo "$kind $(basename "$path")${arguments:+ $arguments}" >>"$PLAN_DIR/plan"
}

make_plan()
{
	local suite core arguments

	PLAN_DIR=$1
	shift
	: >"$PLAN_DIR/plan"
	: >"$PLAN_DIR/files"
	if core=$(module_path dualtree); then
		add_dependencies "$core"
		# What a suite has counted must not go back while a slow machine looks at it;
		# the suite of just that turns it on.
		add_to_plan base "$core" idle_ms=0
	fi
	for suite in "$@"; do
		add_dependencies "$suite"
		arguments=${SUITE_ARGUMENTS-}
		[ -z "$(modinfo -p "$suite" | sed -n '/^seed:/p')" ] || arguments+=" seed=$SEED"
		add_to_plan suite "$suite" "$arguments"
	done
}

run_plan()
{
	local dir=$1 paths

	shift
	mapfile -t paths <"$dir/files"
	guest_files "$dir/plan" "${paths[@]}"
	set_nodes
	guest_run suites.sh "$dir" --taint ON "${NODES[@]}" "${GUEST_FILES[@]}" "$@"
}

judge_run()
{
	read -r RUN_PASSED RUN_FAILED RUN_SKIPPED < <(guest_says suites guest "$1" "$KERNEL_SRC")
}
