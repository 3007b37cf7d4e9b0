# SPDX-License-Identifier: GPL-2.0
#
# The torture module in a guest. To be sourced after common.sh, kernel.sh, build.sh, guest.sh and
# run.sh.
#
#   torture SECONDS DIR PATIENCE [KIND...]
#                       runs it on each of these kernels (default: TORTURE_KERNELS of GUEST_ARCH),
#                       each in a guest of its own, with its logs in DIR/KIND; SEED is the
#                       torture's. PATIENCE is how many seconds a guest may take for a step,
#                       TORTURE_OPTIONS[] are more options for scripts/vm. Prints what the torture
#                       printed; TORTURE_PASSED and TORTURE_FAILED are numbers of kernels
#   torture_guest DIR ARGUMENTS [VM-OPTION...]
#                       runs one guest, with the modules in TORTURE_MODULES[] and ARGUMENTS for
#                       the torture; returns as guest_run
#
# A kernel has passed only if the result is PASS and the guest passed as every other one has to: a
# clean console, no leak, no module that stays.

# By architecture.
declare -A TORTURE_KERNELS=([amd64]="debug kcsan stock" [arm64]="stock stock-16k"
	[ppc64el]=stock [riscv64]=stock)
TORTURE_MODULES=()
TORTURE_OPTIONS=()

# Seconds for booting, and for looking for leaks.
TORTURE_BOOT=400

torture_guest()
{
	local dir=$1 arguments=$2

	shift 2
	mkdir -p "$dir"
	echo "$arguments" >"$dir/torture"
	guest_files "$dir/torture" "${TORTURE_MODULES[@]}"
	set_nodes
	guest_run torture.sh "$dir" "${NODES[@]}" "${GUEST_FILES[@]}" "$@"
}

# torture_find_modules: from BUILD_MODULES into TORTURE_MODULES.
torture_find_modules()
{
	local name path

	TORTURE_MODULES=()
	for name in dualtree dualtree_torture; do
		path=$(built_module "$name")
		TORTURE_MODULES+=("$path")
	done
}

# torture_show DIR: what the torture printed, and what else is wrong. Its progress is lines that
# begin with "N s:" or "cpuN"; of that only the last.
torture_show()
{
	awk '
	/^[0-9]+ s: [0-9]+ iterations/ { count = 0 }
	/^([0-9]+ s:|cpu[0-9]+)/ { progress[++count] = $0; next }
	{
		for (i = 1; i <= count; i++)
			print "    " progress[i]
		count = 0
		print "    " $0
	}' "$1/report.txt" "$1/races.txt"
	head -n 20 "$1/verdict.txt" | sed 's/^/    not good: /'
}

# torture_on KIND SECONDS DIR PATIENCE
torture_on()
{
	local kind=$1 seconds=$2 dir=$3 patience=$4 start took tickless=() taint=O status=0

	get_kernel "$kind"
	build_or_die "$PROJECT" tree W=1
	torture_find_modules
	log "torture on the $kind kernel for $(duration "$seconds"), seed $SEED"
	start=$SECONDS
	# One CPU without a tick, on kernels that support that. Not with the debug kernel's checkers:
	# the scheduler looks at such a CPU once a second in a work, and warns when it was 3 s late,
	# which no parameter changes. In emulation it was once or twice an hour, five seconds after
	# that CPU had come online again; it was not seen on the other kernels.
	[ "$kind" = debug ] || tickless=(--append nohz_full=3)
	# A module of ours is unsigned, too, where the kernel has signatures.
	[[ $kind != stock* ]] || taint=OE
	# With every other seed the torture takes CPUs down, else the guest's user space does.
	torture_guest "$dir" "seconds=$seconds seed=$SEED hotplug=$((SEED & 1)) inject=none" \
		"${tickless[@]}" --terse --taint "$taint" \
		--step-timeout "$patience" \
		--timeout $((seconds + patience + TORTURE_BOOT)) "${TORTURE_OPTIONS[@]}" || status=$?
	torture_show "$dir"
	took=$(duration $((SECONDS - start)))
	if [ "$status" -eq 0 ]; then
		TORTURE_PASSED=$((TORTURE_PASSED + 1))
		printf 'ok      %-10s %s\n' "$kind" "$took"
	else
		TORTURE_FAILED=$((TORTURE_FAILED + 1))
		printf 'FAILED  %-10s %s; again with: --seed %s\n' "$kind" "$took" "$SEED"
		printf '        logs: %s\n' "$dir"
	fi
}

torture()
{
	local seconds=$1 dir=$2 patience=$3 kind

	shift 3
	# shellcheck disable=SC2086 # words
	[ $# -gt 0 ] || set -- ${TORTURE_KERNELS[$GUEST_ARCH]}
	TORTURE_PASSED=0
	TORTURE_FAILED=0
	for kind in "$@"; do
		torture_on "$kind" "$seconds" "$dir/$kind" "$patience"
	done
}
