# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
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
	for part in accel guest-clock vm console verdict; do
		# shellcheck source=/dev/null
		. "$SCRIPTS/lib/$part.sh"
	done
	KVM_LINE_LIMIT=$ACCEL_CHECK_LINE KVM_INIT_LIMIT=$ACCEL_CHECK_INIT
	VM_KERNEL=/dev/null VM_UML='' VM_PIN='' VM_INITRD=/dev/null VM_CPUS=1 VM_MEMORY=64
	VM_APPEND='' VM_QEMU_ARGS=() VM_LOG=$dir/log VM_NONCE=c0ffee VM_TIMEOUT=6 VM_STEP_TIMEOUT=6
	VM_QUIET=yes VM_VERBOSE='' VM_TAINT=''
	: >"$STANDIN_LOG"
	mkdir -p "$VM_LOG"
	boot_guest 2>>"$dir/lines"
	outcome=good
	judge_guest || outcome=$(sed -n '1s/:.*//p' "$VM_LOG/verdict.txt")
	echo "$(cut -d' ' -f1 "$STANDIN_LOG" | tr '\n' ' ')$outcome" >>"$dir/said"
)

# accel_expect WHAT...: what the boots of the case came to, in turn.
accel_expect()
{
	local said due

	said=$(paste -sd, "$dir/said")
	due=$(IFS=, && echo "$*")
	[ "$said" = "$due" ] || echo "$case: '$said' instead of '$due'"
}

# accel_lines COUNT: that many lines were said, each of KVM.
accel_lines()
{
	[ "$(wc -l <"$dir/lines")" -eq "$1" ] && [ "$(grep -c 'KVM is given up' "$dir/lines")" -eq "$1" ] ||
		echo "$case: said, where $1 lines are due: $(cat "$dir/lines")"
}

# Each case of KVM that fails: once, and not again.
accel_check_play()
{
	accel_boot "$1"
	accel_boot "$1"
	accel_expect "kvm tcg good" "tcg good"
	accel_lines 1
	[ ! -e "$dir/log/kvm-console.log" ] || echo "$case: kvm-console.log is another run's"
}

accel_case_never() { accel_check_play never; }
accel_case_noise() { accel_check_play noise; }
accel_case_abort() { accel_check_play abort; }
accel_case_late() { accel_check_play late; }
accel_case_crawl() { accel_check_play crawl; }
accel_case_reset() { accel_check_play reset; }

accel_case_good()
{
	accel_boot good
	accel_boot good
	accel_expect "kvm good" "kvm good"
	accel_lines 0
	[ "$(head -qn 1 "$dir"/cache/accel/*)" = kvm ] || echo "$case: kvm is not remembered"
}

# What the guest is to blame for is not repeated, and says nothing about KVM.
accel_case_guest()
{
	accel_boot panic
	accel_boot unhappy
	accel_boot breaks_later
	accel_expect "kvm panic" "kvm guest" "kvm process"
	accel_lines 0
}

# KVM that worked once does not always.
accel_case_changed()
{
	accel_boot good
	accel_boot abort
	accel_boot good
	accel_expect "kvm good" "kvm tcg good" "tcg good"
	accel_lines 1
}

# A kernel that boots nowhere.
accel_case_nowhere()
{
	export STANDIN_TCG=never
	accel_boot abort
	accel_expect "kvm tcg timeout"
	accel_lines 1
	[ -z "$(ls "$dir/cache/accel" 2>/dev/null)" ] || echo "$case: KVM is given up for the kernel's fault"
}

accel_case_expires()
{
	accel_boot abort
	touch -d '23 hours ago' "$dir"/cache/accel/*
	accel_boot good
	touch -d '25 hours ago' "$dir"/cache/accel/*
	accel_boot good
	accel_expect "kvm tcg good" "tcg good" "kvm good"
}

accel_case_other_host()
{
	accel_boot abort
	PATH=$dir-bin-other:$PATH accel_boot good
	accel_expect "kvm tcg good" "kvm good"
}

accel_case_no_device()
{
	rm "$dir/device"
	accel_boot good
	accel_expect "tcg good"
	[ ! -e "$dir/cache/accel" ] || echo "$case: something is remembered"
}

# Neither watched nor remembered, and what is remembered is not asked for.
accel_case_override()
{
	DUALTREE_ACCEL=tcg accel_boot good
	DUALTREE_ACCEL=kvm accel_boot good
	DUALTREE_ACCEL=kvm accel_boot abort
	[ ! -e "$dir/cache/accel" ] || echo "$case: something is remembered"
	accel_boot abort
	DUALTREE_ACCEL=kvm accel_boot good
	accel_expect "tcg good" "kvm good" "kvm process" "kvm tcg good" "kvm good"
	accel_lines 1
}

# A guest of another architecture is none for KVM, and the host's own has two names.
accel_case_arch()
(
	# shellcheck source=scripts/lib/accel.sh
	. "$SCRIPTS/lib/accel.sh"
	KVM_DEVICE=$dir/device
	for arch in '' "$(uname -m)" "$(dpkg --print-architecture)" sparc64; do
		choose_accel "$arch"
		echo "$ACCEL" >>"$dir/said"
	done
	accel_expect kvm kvm kvm tcg
)

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
	local top case dir pid pids=() status=0

	temp_dir
	top=$TEMP_DIR
	for case in $(declare -F | sed -n 's/^declare -f accel_case_//p'); do
		dir=$top/$case
		mkdir "$dir"
		: >"$dir/device"
		: >"$dir/lines"
		accel_check_prepare "$dir-bin"
		# As a process group of its own, which goes when we go.
		set -m
		("accel_case_$case" || echo "$case: broke off") >"$dir/found" 2>&1 </dev/null &
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
