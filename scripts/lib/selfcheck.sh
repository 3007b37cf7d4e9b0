# SPDX-License-Identifier: GPL-2.0
#
# Shows that the harness finds what it is there to find. To be sourced after run.sh,
# torture.sh.
#
#   self_checks_of KIND        the cases of that kernel; nothing if it has none
#   third_of_self_checks KIND [N]
#                              the names of every third of them, from the Nth on: 0, 1 or 2; of
#                              all of them without N
#   self_check KIND DIR [NAME...]
#                              runs every case, or those of these names, in a guest of its
#                              own; sets CHECK_PASSED and CHECK_FAILED
#
# BUILD_MODULES[] holds the modules of selfcheck/ and dualtree.ko, whose memory some faults misuse;
# TORTURE_MODULES[] are the torture's.
#
# Promises: a case passes only if its fault was found for the right reason, through the
# code that judges real runs; the control passes only if nothing was found.

# NAME, what is run, and an extended regular expression for the line that must be among what is
# found. "clean" must find nothing; "failed" must find a failed test, and nothing else. Run is
#   fault             the module dualtree_selfcheck with the fault NAME
#   fault-leaks       that, and a look for leaks while the module is loaded
#   no-suite:WORDS    a module without a suite, with these arguments
#   append:WORDS      no fault, with more on the kernel's command line
#   stand-in:PLAY     no fault, where KVM does not work, as selfcheck/qemu-stand-in plays it
#   torture:FAULT     the torture with a fault that it makes itself
#   script            the guest script selfcheck/NAME.sh
SELF_CHECKS='
good	fault	clean
assert	fault	failed
warn	fault	^warning: .*WARNING: .*selfcheck_warn
lockdep	fault	^lockdep: .*possible circular locking
relock	fault	^lockdep: .*possible recursive locking
rcu	fault	^lockdep: .*suspicious RCU usage
atomic	fault	^atomic-sleep: .*sleeping function called from invalid context
oob	fault	^kasan: .*KASAN: slab-out-of-bounds in selfcheck_oob
ubsan	fault	^ubsan: .*UBSAN: shift-out-of-bounds
leak	fault	^leak: .*module dualtree_selfcheck
part_uaf	fault	^kasan: .*KASAN: use-after-free in selfcheck_touch_freed
part_leak	fault-leaks	^leak: unreferenced object .*\(size 3072\)
held	fault-leaks	clean
odebug	fault	^odebug: .*ODEBUG: free active
oops	fault	^panic: .*Kernel panic - not syncing: Fatal exception
hang	fault	^timeout: .* in: suite dualtree_selfcheck
taint	fault	^taint: the kernel is tainted .*U
refuse	no-suite:refuse=1	^guest: insmod dualtree_no_suite.ko .*failed
empty	no-suite:	^empty: no test of dualtree_no_suite ran
silent	append:rdinit=/missing	^panic: .*Kernel panic
no_kvm	stand-in:never	clean
slow_clock	append:clocksource=jiffies highres=off	^guest: the clock
no_finish	script	^guest: the guest script did not call finish_ok
forged	script	^token: the guest.s token is not this run.s
splat	script	^atomic-sleep: .*sleeping function
torture_leak	torture:leak	^guest: torture: FAIL .* bytes were never freed
torture_lost	torture:lost	^guest: torture: FAIL .*live
torture_double	torture:double	^guest: torture: FAIL .*refused
torture_corrupt	torture:corrupt	^guest: torture: FAIL .*expected
'

# The same on the kcsan kernel. What is marked is no race, however much it is one.
SELF_CHECKS_KCSAN='
marked	fault	clean
race	fault	^kcsan: .*KCSAN: data-race in selfcheck_count \[dualtree_selfcheck\] / selfcheck_count
race_inside	fault	^kcsan: .*KCSAN: data-race in __bitmap_(weight|set) / __bitmap_(weight|set)
'

# Seconds after which a suite hangs: many times what it takes to load the largest of these
# modules.
SELF_CHECK_PATIENCE=90

# What the two nodes of run.sh add up to.
SELF_CHECK_MEMORY=1024

# To see one fault found takes neither all contexts nor long; CPUs go in any case.
SELF_CHECK_TORTURE='seconds=8 threads=1 stressors=task hotplug=0'

self_checks_of()
{
	case $1 in
	debug) echo "$SELF_CHECKS" ;;
	kcsan) echo "$SELF_CHECKS_KCSAN" ;;
	esac
}

third_of_self_checks()
{
	self_checks_of "$1" | awk -v third="$2" 'NF && (third == "" || nr++ % 3 == third) { print $1 }'
}

# self_check_plan DIR MODULE ARGUMENTS
self_check_plan()
{
	SUITE_ARGUMENTS=$3 make_plan "$1" "$(module_path "$2")"
}

# boot_case DIR NAME HOW: in a shell of its own, which ends where nothing can be run.
boot_case()
(
	dir=$1 name=$2 how=$3
	options=(--quiet --memory "$SELF_CHECK_MEMORY" --timeout 900
		--step-timeout "$SELF_CHECK_PATIENCE")
	: >"$dir/plan"
	case $how in
	fault*)
		self_check_plan "$dir" dualtree_selfcheck "fault=$name"
		[ "$how" = fault ] || echo leaks >>"$dir/plan"
		run_plan "$dir" "${options[@]}"
		;;
	no-suite:*)
		self_check_plan "$dir" dualtree_no_suite "${how#no-suite:}"
		run_plan "$dir" "${options[@]}"
		;;
	append:*)
		self_check_plan "$dir" dualtree_selfcheck fault=good
		run_plan "$dir" "${options[@]}" --append "${how#append:}"
		;;
	stand-in:*)
		self_check_plan "$dir" dualtree_selfcheck fault=good
		run_without_kvm "$dir" "${how#stand-in:}" "${options[@]}"
		;;
	torture:*)
		torture_guest "$dir" "$SELF_CHECK_TORTURE seed=$SEED inject=${how#torture:}" \
			"${options[@]}"
		;;
	script) guest_run "$SCRIPTS/selfcheck/$name.sh" "$dir" --taint ON "${options[@]}" ;;
	esac
)

# Runs one case and leaves its outcome in DIR/outcome: "ok" or what was wrong.
run_case()
{
	local dir=$1 name=$2 how=$3 expected=$4

	rm -rf "$dir"
	mkdir -p "$dir"
	boot_case "$dir" "$name" "$how" >"$dir/run.log" 2>&1 || true
	[ -e "$dir/verdict.txt" ] || {
		echo "nothing could be run: $(tail -n 1 "$dir/run.log")" >"$dir/outcome"
		return
	}
	judge_run "$dir"
	[[ $how != stand-in:* ]] || judge_accel "$dir" >>"$dir/failures.txt" || RUN_FAILED=$((RUN_FAILED + 1))
	judge_case "$dir" "$expected" >"$dir/outcome"
}

# run_without_kvm DIR PLAY [VM-OPTION...]: with a cache of its own, for what is remembered there.
run_without_kvm()
(
	dir=$1
	export STANDIN_KVM=$2 STANDIN_TCG=real STANDIN_LOG=$dir/starts
	export XDG_CACHE_HOME=$dir DUALTREE_KVM_DEVICE=$dir/device
	shift 2
	mkdir "$dir/bin"
	: >"$dir/device"
	cp "$SCRIPTS/selfcheck/qemu-stand-in" "$dir/bin/qemu-system-$(uname -m)"
	PATH=$dir/bin:$PATH run_plan "$dir" "$@"
)

# judge_accel DIR: KVM was tried and given up, in one line, and that is remembered.
judge_accel()
{
	local line count

	count=$(grep -c 'KVM is given up' "$1/run.log" || true)
	line=$(cut -d' ' -f1 "$1/starts" | paste -sd' ')
	if [ "$count" -ne 1 ] || [ "$line" != "kvm tcg" ] ||
		[ "$(sed -sn 1p "$1"/dualtree/accel/*)" != tcg ]; then
		echo "accel: started as: $line, said $count times"
		return 1
	fi
}

judge_case()
{
	local dir=$1 expected=$2 first said

	first=$(head -n 1 "$dir/failures.txt")
	case $expected in
	clean)
		said="the control failed: $first"
		[ "$RUN_FAILED" -gt 0 ] || [ "$RUN_PASSED" -eq 0 ] || said=ok
		;;
	failed)
		said="no failed test, or more than that: $first"
		[ "$RUN_FAILED" -eq 0 ] || [ -s "$dir/failures.txt" ] || said=ok
		;;
	*)
		said=${first:+found for another reason: $first}
		! grep -qE -- "$expected" "$dir/failures.txt" || said=ok
		;;
	esac
	echo "${said:-NOT FOUND}"
}

report_case()
{
	local dir=$1 name=$2 seconds=$3 outcome

	outcome=$(cat "$dir/outcome" 2>/dev/null || echo "the case itself broke off")
	if [ "$outcome" = ok ]; then
		CHECK_PASSED=$((CHECK_PASSED + 1))
		printf 'ok      %-15s %s\n' "$name" "$(duration "$seconds")"
	else
		CHECK_FAILED=$((CHECK_FAILED + 1))
		printf 'FAILED  %-15s %s\n' "$name" "$outcome"
		printf '        logs: %s\n' "$dir"
	fi
}

# check_samples FILE DIR: the console check, against a list of messages.
check_samples()
{
	mkdir -p "$2/console"
	guest_says console samples "$1" >"$2/console/outcome" || true
	[ -s "$2/console/outcome" ] || echo ok >"$2/console/outcome"
	report_case "$2/console" console 0
}

# Waits for one of the cases in names[], which is the caller's, and reports it.
next_case()
{
	local pid

	wait -n -p pid || true
	disown_child "$pid"
	report_case "$dir/${names[$pid]}" "${names[$pid]}" $((SECONDS - starts[$pid]))
	unset "names[$pid]"
}

# Two guests at a time: one alone does not keep two CPUs busy while it boots and waits.
self_check()
{
	local kind=$1 dir=$2 name how expected
	shift 2
	local -A names=() starts=()

	CHECK_PASSED=0
	CHECK_FAILED=0
	check_samples "$SCRIPTS/selfcheck/console-samples.txt" "$dir"
	while IFS=$'\t' read -r name how expected; do
		[ -n "$name" ] || continue
		[ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
		# As a process group of its own, which goes when we go.
		set -m
		(run_case "$dir/$name" "$name" "$how" "$expected") </dev/null &
		set +m
		own_child $!
		names[$!]=$name
		starts[$!]=$SECONDS
		if [ ${#names[@]} -ge 2 ]; then
			next_case
		fi
	done < <(self_checks_of "$kind")
	while [ ${#names[@]} -gt 0 ]; do
		next_case
	done
}
