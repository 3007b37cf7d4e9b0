# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2030,SC2031 # each boot sets what it needs in a shell of its own
#
# The choice between KVM and TCG (accel.sh, vm.sh), on a host whose KVM is only half usable:
# selfcheck/qemu-stand-in plays it. And the guest's clock. To be sourced after common.sh.
#
#   check_accel   prints what is wrong; returns 1 if anything is
#
# Promises: nothing is booted, and no kernel is needed. Each case has a cache and a device of its
# own; the limits are shorter than in use, but for the one case that goes through scripts/vm.

# Seconds. A canned guest needs next to nothing, on a busy machine too, and what is late is late by
# several.
ACCEL_CHECK_LINE=2
ACCEL_CHECK_INIT=5
# NAME=VALUE of vm.sh's limits, for a case that needs others.
ACCEL_CHECK_BOOT=()

# accel_check_prepare BIN: a directory for PATH with the stand-in, and one, BIN-other, in which the
# host runs another kernel.
accel_check_prepare()
{
	local bin=$1

	mkdir -p "$bin" "$bin-other"
	cp "$SCRIPTS/selfcheck/qemu-stand-in" "$bin/qemu-system-$(uname -m)"
	printf '#!/bin/sh\n[ "$*" = -m ] && exec %s -m\necho another\n' "$(command -v uname)" \
		>"$bin-other/uname"
	chmod +x "$bin-other/uname"
}

# accel_boot PLAY: boots the canned guest as the scripts do, with what the case has set. Adds what
# happened to $dir/said: the accelerators in turn, and the outcome.
accel_boot()
(
	OWN_CHILDREN=() OWN_DIRS=()
	trap clean_up EXIT
	trap 'exit 143' TERM
	export STANDIN_KVM=$1 STANDIN_LOG=$dir/starts DUALTREE_KVM_DEVICE=$dir/device
	PATH=$dir-bin:$PATH
	CACHE=$dir/cache
	for part in accel tsc guest-clock vm; do
		# shellcheck source=/dev/null
		. "$SCRIPTS/lib/$part.sh"
	done
	KVM_LINE_LIMIT=$ACCEL_CHECK_LINE KVM_INIT_LIMIT=$ACCEL_CHECK_INIT
	[ ${#ACCEL_CHECK_BOOT[@]} -eq 0 ] || declare "${ACCEL_CHECK_BOOT[@]}"
	VM_KERNEL=/dev/null VM_UML='' VM_PIN='' VM_INITRD=/dev/null VM_CPUS=1 VM_MEMORY=64
	VM_APPEND='' VM_QEMU_ARGS=() VM_LOG=$dir/log VM_NONCE=c0ffee VM_TIMEOUT=6 VM_STEP_TIMEOUT=6
	VM_QUIET=yes VM_VERBOSE=''
	: >"$STANDIN_LOG"
	mkdir -p "$VM_LOG"
	boot_guest 2>>"$dir/lines"
	outcome=good
	guest_says verdict "$VM_LOG" "$VM_NONCE" '' "$VM_PROBLEM" ||
		outcome=$(sed -n '1s/:.*//p' "$VM_LOG/verdict.txt")
	echo "$(cut -d' ' -f1 "$STANDIN_LOG" | tr '\n' ' ')$outcome" >>"$dir/said"
)

# accel_expect WHAT,...: what the boots of the case came to, in turn.
accel_expect()
{
	local said

	said=$(paste -sd, "$dir/said")
	[ "$said" = "$1" ] || echo "$case: '$said' instead of '$1'"
}

# accel_lines COUNT: that many lines were said, each of KVM.
accel_lines()
{
	[ "$(wc -l <"$dir/lines")" -eq "$1" ] && [ "$(grep -c 'KVM is given up' "$dir/lines")" -eq "$1" ] ||
		echo "$case: said, where $1 lines are due: $(cat "$dir/lines")"
}

# A case, its steps, what its boots come to, and how many lines are said. A step is a play that is
# booted; ACCEL=PLAY, with DUALTREE_ACCEL; other:PLAY, on another host; or one of those that
# accel_step() does without a boot.
#
# KVM that fails is tried once, and not again. What the guest is to blame for is not repeated, and
# says nothing about KVM; nor does a kernel that boots nowhere. KVM that worked once does not
# always. With DUALTREE_ACCEL nothing is watched or remembered, and what is remembered not asked for.
ACCEL_CASES='
never|never never no-kvm-log|kvm tcg good,tcg good|1
noise|noise noise no-kvm-log|kvm tcg good,tcg good|1
abort|abort abort no-kvm-log|kvm tcg good,tcg good|1
late|late late no-kvm-log|kvm tcg good,tcg good|1
crawl|crawl crawl no-kvm-log|kvm tcg good,tcg good|1
reset|reset reset no-kvm-log|kvm tcg good,tcg good|1
good|good good remembered:kvm|kvm good,kvm good|0
guest|panic unhappy breaks_later|kvm panic,kvm guest,kvm process|0
changed|good abort good|kvm good,kvm tcg good,tcg good|1
nowhere|tcg-never abort remembered:|kvm tcg timeout|1
expires|abort age:23 good age:25 good|kvm tcg good,tcg good,kvm good|1
other_host|abort other:good|kvm tcg good,kvm good|1
no_device|no-device good remembered:|tcg good|0
override|tcg=good kvm=good kvm=abort remembered: abort kvm=good|tcg good,kvm good,kvm process,kvm tcg good,kvm good|1
'

accel_step()
{
	local remembered

	case $1 in
	tcg-never) export STANDIN_TCG=never ;;
	no-device) rm "$dir/device" ;;
	no-kvm-log) [ ! -e "$dir/log/kvm-console.log" ] || echo "$case: kvm-console.log is another run's" ;;
	age:*) touch -d "${1#age:} hours ago" "$dir"/cache/accel/* ;;
	remembered:*)
		remembered=$(head -qn 1 "$dir"/cache/accel/* 2>/dev/null) || true
		[ "$remembered" = "${1#*:}" ] || echo "$case: remembered is '$remembered'"
		;;
	other:*) PATH=$dir-bin-other:$PATH accel_boot "${1#other:}" ;;
	*=*) DUALTREE_ACCEL=${1%=*} accel_boot "${1#*=}" ;;
	*) accel_boot "$1" ;;
	esac
}

# accel_row: the case of that line of the table.
accel_row()
{
	local steps outcomes lines step

	IFS='|' read -r _ steps outcomes lines < <(grep "^$case|" <<<"$ACCEL_CASES")
	for step in $steps; do
		accel_step "$step"
	done
	accel_expect "$outcomes"
	accel_lines "$lines"
}

# A guest of another architecture is none for KVM, and the host's own has two names.
accel_case_arch()
(
	CACHE=$dir/cache
	# shellcheck source=scripts/lib/accel.sh
	. "$SCRIPTS/lib/accel.sh"
	KVM_DEVICE=$dir/device
	for arch in '' "$(uname -m)" "$(dpkg --print-architecture)" sparc64; do
		choose_accel "$arch"
		echo "$ACCEL" >>"$dir/said"
	done
	accel_expect kvm,kvm,kvm,tcg
)

# A boot under TCG that comes no further is done again; not for ever.
accel_case_silent()
{
	export DUALTREE_ACCEL=tcg STANDIN_TCG
	# Not the guest's own limits: it is given up before them.
	ACCEL_CHECK_BOOT=(BOOT_LOOK=1 BOOT_SILENT=2 BOOT_TRIES=2)
	for STANDIN_TCG in stuck_once crawl; do
		accel_boot none
	done
	accel_expect "tcg tcg good,tcg tcg timeout"
	[ "$(grep -c 'the kernel comes no further, before init: .*XSAVE' "$dir/lines")" -eq 3 ] ||
		echo "$case: said, where three boots came no further: $(cat "$dir/lines")"
}

# All of scripts/vm, with the limits that it has.
accel_case_whole()
{
	local start=$SECONDS

	: >"$dir/said"
	echo >"$dir/script"
	export STANDIN_KVM=never STANDIN_LOG=$dir/starts
	XDG_CACHE_HOME=$dir DUALTREE_KVM_DEVICE=$dir/device PATH=$dir-bin:$PATH "$SCRIPTS/vm" --quiet \
		--kernel "$dir/script" --run "$dir/script" --log "$dir/log" 2>"$dir/lines" ||
		echo "$case: scripts/vm failed: $(tail -n 1 "$dir/lines")"
	accel_lines 1
	[ "$(cat "$dir/log/accel")" = tcg ] || echo "$case: it did not say that it was TCG"
	[ $((SECONDS - start)) -ge 6 ] || echo "$case: KVM had no more than $((SECONDS - start))s"
}

# clock_of SECONDS COMMAND...: the guest's clock after COMMAND has run so long or somewhat longer,
# and the time by the wall, in milliseconds.
clock_of()
(
	local turns=$(($1 * 5)) began

	# shellcheck source=scripts/lib/guest-clock.sh
	. "$SCRIPTS/lib/guest-clock.sh"
	shift
	set -m
	"$@" &
	set +m
	own_child $!
	start_guest_clock $!
	began=$WALL_CLOCK
	while [ $turns -gt 0 ]; do
		sleep 0.2
		read_guest_clock
		turns=$((turns - 1))
	done
	{
		kill -KILL -- "-$GUEST_PID"
		wait "$GUEST_PID" || true
	} 2>/dev/null
	echo "$GUEST_CLOCK" $((WALL_CLOCK - began))
)

keep_busy()
{
	while :; do :; done
}

# On one CPU with eight others, as a guest on a busy machine.
starve()
{
	local cpu i

	cpu=$(taskset -cp $BASHPID | sed 's/.*[^0-9]//')
	taskset -cp "$cpu" $BASHPID >/dev/null
	for ((i = 0; i < 8; i++)); do
		keep_busy &
	done
	keep_busy
}

accel_case_clock()
{
	local clock wall

	# A look that came late counts less.
	read -r clock wall < <(clock_of 3 sleep 100)
	[ "$clock" -ge 2500 ] || echo "$case: of one that sleeps it shows $clock of $wall ms"
	# A ninth is due.
	read -r clock wall < <(clock_of 3 starve)
	[ $((clock * 3)) -le "$wall" ] || echo "$case: of one that is starved it shows $clock of $wall ms"
}

# What a stand-in left running.
accel_left_over()
{
	local pid

	cut -d' ' -f2 "$1"/*/starts 2>/dev/null | while read -r pid; do
		! kill -0 "$pid" 2>/dev/null || echo "QEMU's process $pid is still there"
	done
}

check_accel()
{
	local top case run dir pid pids=() status=0

	temp_dir
	top=$TEMP_DIR
	for case in $(sed -n 's/|.*//p' <<<"$ACCEL_CASES") arch silent whole clock; do
		run=accel_case_$case
		[ "$(type -t "$run")" = function ] || run=accel_row
		dir=$top/$case
		mkdir "$dir"
		: >"$dir/device"
		: >"$dir/lines"
		accel_check_prepare "$dir-bin"
		# As a process group of its own, which goes when we go.
		set -m
		("$run" || echo "$case: broke off") >"$dir/found" 2>&1 </dev/null &
		set +m
		own_child $!
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || status=1
		disown_child "$pid"
	done
	accel_left_over "$top" >"$top/found"
	cat "$top"/found "$top"/*/found
	[ "$status" -eq 0 ] && [ ! -s "$top/found" ] && [ -z "$(cat "$top"/*/found)" ]
}
