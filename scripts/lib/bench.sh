# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # what scripts/bench sets
#
# What the parts of scripts/bench stand on. To be sourced after common.sh, apt.sh, kernel.sh,
# build.sh, guest.sh and python.sh.
#
# A part is a file scripts/lib/bench-PART.sh, and has only to be there. It is read when it is to
# be run, and no other part's with it. It has
#
#   # help: LINE             lines for --help, the first of which begins with PART
#   # report N: TITLE        its place in the whole report, if it has one, and its title
#   bench_PART ARGUMENT...   measures; prints its tables; writes $out/PART.csv and
#                            $out/PART-NAME.svg, and fails if it could not be run.
#                            An argument that it does not know is an error
#   quick_PART               optional: prints what is left out if $quick is set; prints
#                            "skip: WHY" if all of it is
#
# and finds, and does not change,
#
#   $out $log_dir            directories, which exist: for results; for its guests' logs
#   $seed $quick $kinds[]    what was asked for; what runs on one kernel runs on ${kinds[0]}
#
#   use_kernel KIND          gets the kernel and builds the modules for it, once; sets what
#                            get_kernel sets (but for KERNEL_MAKE) and BUILD_MODULES
#   run_guest DIR MODULE [OPTION...]
#                            boots scripts/guest/bench.sh with dualtree.ko, MODULE and DIR/plan,
#                            with one CPU unless an option of scripts/vm says otherwise;
#                            DIR/report.txt is what came of it
#   show_conditions TEXT     what a table was measured under
#
# Beside its table a part may leave, for the report's last lists,
#
#   $out/PART.against        lines WHERE|OPERATION|PEER|OURS|THEIRS|UNIT
#   $out/PART.bars           lines WHERE|WHAT|MEASURED|MUST|GOAL|UNIT, an empty MUST or GOAL if
#                            there is none
#
# in which less is better, and WHERE says under what it was measured, in a word or two.

# Translated code is slow, and counted code slower.
TIMEOUT=3600
STEP_TIMEOUT=1200
BOOT_OPTIONS='init_on_alloc=0'

declare -A BUILT_FOR=()

part_file()
{
	printf '%s\n' "$SCRIPTS/lib/bench-$1.sh"
}

list_parts()
{
	local file

	for file in "$SCRIPTS"/lib/bench-*.sh; do
		file=${file##*/bench-}
		printf '%s\n' "${file%.sh}"
	done
}

is_part()
{
	grep -qxF -- "$1" <<<"$(list_parts)"
}

# Those of the report first, in its order.
part_help()
{
	local name

	for name in $(report_parts; list_parts | grep -vxF -- "$(report_parts)" || true); do
		sed -n 's/^# help: /  /p' "$(part_file "$name")"
	done
}

# The names of the report's parts, in its order.
report_parts()
{
	local name

	for name in $(list_parts); do
		sed -n "s/^# report \([0-9]*\): .*/\1 $name/p" "$(part_file "$name")"
	done | sort -n | cut -d' ' -f2
}

part_title()
{
	sed -n 's/^# report [0-9]*: //p' "$(part_file "$1")"
}

load_part()
{
	# shellcheck source=/dev/null
	. "$(part_file "$1")"
}

# run_part NAME ARGUMENT...: what an earlier run left of it is gone.
run_part()
{
	local name=$1

	shift
	part=$name
	log_dir=$out/log/$name
	rm -rf "$log_dir"
	rm -f "$out/$name.csv" "$out/$name"-*.svg "$out/$name"-*.csv "$out/$name".{against,bars}
	mkdir -p "$log_dir"
	"$SCRIPTS/setup"
	load_part "$name"
	"bench_$name" "$@"
}

# no_more ARGUMENT...: for a part that takes none.
no_more()
{
	[ $# -eq 0 ] || die "$part takes no $1 (see --help)"
}

use_kernel()
{
	local name

	if [ -z "${BUILT_FOR[$1]-}" ]; then
		get_kernel "$1"
		build_or_die "$PROJECT" bench CONFIG_DUALTREE_DEBUG=
		BUILT_FOR[$1]=$(printf '%s\n' "$KERNEL_IMAGE" "$KERNEL_KDIR" "$KERNEL_ID" \
			"$KERNEL_MODULES" "${BUILD_MODULES[@]}")
	fi
	{
		for name in KERNEL_IMAGE KERNEL_KDIR KERNEL_ID KERNEL_MODULES; do
			IFS= read -r "${name?}"
		done
		mapfile -t BUILD_MODULES
	} <<<"${BUILT_FOR[$1]}"
}

# Of the guests of one report those whose clock counts may run at the same time, for nothing
# disturbs them; one that takes the time has the machine to itself.
guest_turn()
{
	local how=-x

	[ "${DUALTREE_ACCEL-}" != icount ] || how=-s
	exec {GUEST_FD}>"$out/log/turn"
	flock "$how" "$GUEST_FD"
}

run_guest()
{
	local dir=$1 module=$2 status=0

	shift 2
	# For the plots of what comes of it.
	apt_install gnuplot-nox
	guest_files "$(built_module dualtree)" "$(built_module "$module")" "$dir/plan"
	guest_turn
	guest_run bench.sh "$dir" --cpus 1 --timeout "$TIMEOUT" --step-timeout "$STEP_TIMEOUT" \
		--append "$BOOT_OPTIONS" "${GUEST_FILES[@]}" "${vm_options[@]}" "$@" || status=$?
	exec {GUEST_FD}>&-
	[ "$status" -eq 0 ] || {
		log "the benchmark did not run as it should; what the modules said:"
		grep -a 'dualtree_[a-z_]*: ' "$dir/console.log" | tail -n 5 | sed 's/^/    /' >&2
		exit 1
	}
}

# The release of the kernel in use, as it calls itself.
kernel_release()
{
	# stock-VERSION's image has no name of its own from 7.x on.
	printf '%s\n' "${KERNEL_KDIR##*/linux-headers-}"
}

tree_commit()
{
	git -C "$PROJECT" describe --always --dirty --abbrev=10 2>/dev/null || echo unknown
}

# "6.1", or "6.12-16k": what a table's head has room for.
kernel_version()
{
	kernel_release | sed -E 's/^([0-9]+\.[0-9]+).*/\1\n&/; s/\n.*(-16k)$/\1/; s/\n.*//'
}

# timed_by DIR: what ran a guest whose clock does not count, whose logs are in DIR: "TCG" or "KVM".
timed_by()
{
	local accel

	accel=$(cat "$1/accel" 2>/dev/null) || accel='nothing'
	echo "${accel^^}"
}

show_conditions()
{
	echo "Linux $(kernel_release) for $GUEST_ARCH in QEMU, $1, $BOOT_OPTIONS, tree $(tree_commit)"
}
