# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# One run of suites in a guest, and what came of it. To be sourced after common.sh,
# kernel.sh, build.sh and ktap.sh.
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

# module_path NAME: the module of that name in this build.
module_path()
{
	local path

	for path in "${BUILD_MODULES[@]}"; do
		if [ "$(basename "$path" .ko | tr - _)" = "$(tr - _ <<<"$1")" ]; then
			echo "$path"
			return
		fi
	done
	return 1
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
	local dir=$1 path options=()

	shift
	while read -r path; do
		options+=(--file "$path")
	done <"$dir/files"
	set_nodes
	"$SCRIPTS/vm" --arch "$GUEST_ARCH" --kernel "$KERNEL_IMAGE" --run "$SCRIPTS/guest/suites.sh" \
		--log "$dir" --file "$dir/plan" --taint ON "${NODES[@]}" "${options[@]}" "$@"
}

# kunit_count WORD FILE: the number after WORD in the summary line; a count of none is
# left out there.
kunit_count()
{
	local count

	count=$(sed -n "s/.*Testing complete\..*[ :]$1: \([0-9]*\).*/\1/p" "$2" | tail -n 1)
	echo "${count:-0}"
}

# The addresses of a leak's trace mean nothing once the module is gone; say whose they
# were.
name_leaks()
{
	awk '
	# Not FNR == NR: of a guest that never spoke the first file is empty, and the
	# second would be taken for it.
	FILENAME == ARGV[1] {
		if ($1 == "place:") {
			name[++places] = $2
			size[places] = $3
			start[places] = tolower($4)
		}
		next
	}
	{
		line = $0
		if (match(line, /0x[0-9a-f]+|ffffffff[0-9a-f]+/)) {
			address = substr(line, RSTART, RLENGTH)
			sub(/^0x/, "", address)
			for (i = 1; i <= places; i++)
				if (inside(address, start[i], size[i]))
					line = line "  (module " name[i] ")"
		}
		print line
	}
	# Only the low 8 digits: awk counts in doubles.
	function inside(address, from, length_,   low, base)
	{
		sub(/^0x/, "", from)
		if (substr(address, 1, 8) != substr(from, 1, 8))
			return 0
		low = hex(substr(address, 9))
		base = hex(substr(from, 9))
		return low >= base && low < base + length_
	}
	function hex(digits,   i, value)
	{
		for (i = 1; i <= length(digits); i++)
			value = value * 16 + index("0123456789abcdef", substr(digits, i, 1)) - 1
		return value
	}' "$1" "$2"
}

judge_run()
{
	local dir=$1 kind file arguments name errors kinds

	extract_ktap "$dir/console.log" >"$dir/ktap.txt"
	if grep -q '^ *# Subtest: ' "$dir/ktap.txt"; then
		python3 "$KERNEL_SRC/tools/testing/kunit/kunit.py" parse "$dir/ktap.txt" \
			>"$dir/results.txt" 2>&1 || true
	else
		: >"$dir/results.txt"
	fi
	RUN_PASSED=$(kunit_count passed "$dir/results.txt")
	RUN_SKIPPED=$(kunit_count skipped "$dir/results.txt")
	RUN_FAILED=$(($(kunit_count failed "$dir/results.txt") + $(kunit_count crashed "$dir/results.txt")))
	errors=$(kunit_count errors "$dir/results.txt")
	{
		name_leaks "$dir/port.log" "$dir/verdict.txt"
		while read -r kind file arguments; do
			name=${file%.ko}
			if [ "$kind" = suite ] && [ "$(tests_of_suite "$dir/console.log" "$name")" -eq 0 ]; then
				echo "empty: no test of $name ran"
			fi
		done <"$dir/plan"
		# A crashed test is counted above; an error without one must not go under.
		if [ "$errors" -gt 0 ] && [ "$RUN_FAILED" -eq 0 ]; then
			echo "results: kunit.py found $errors errors in the results"
		fi
	} >"$dir/failures.txt"
	# Ten lines of one splat are one failure.
	kinds=$(cut -d: -f1 "$dir/failures.txt" | sort -u | grep -c . || true)
	RUN_FAILED=$((RUN_FAILED + kinds))
}
