# SPDX-License-Identifier: GPL-2.0
#
# KVM or TCG: the kernel that is booted decides. To be sourced after common.sh and arch.sh.
#
#   choose_accel [ARCH]    sets ACCEL to kvm, tcg or icount for a guest of ARCH, as uname -m or
#                          Debian call it; default: the host's own. ACCEL_WATCHED is set if the
#                          guest has to prove that KVM works
#   accel_verdict          prints kvm or tcg if that is remembered for this host
#   follow_marks, watch_kvm, kvm_ended STATUS
#                          for boot_guest(), which sets VM_LOG, GUEST_MARK, GUEST_CLOCK
#                          and, empty at first, KVM_FAULT: why KVM was given up
#
# That /dev/kvm can be opened says little. Inside some virtual machines the firmware and code in
# real mode run under it, while a kernel takes minutes to its first line. So the guest that is
# booted anyway starts under KVM, and lib/vm.sh looks for two marks. A time below is one of the
# guest's clock (lib/vm.sh), which stands still while QEMU waits for a CPU.
#
#   under KVM                                        the run
#   QEMU ends before the kernel's first line         starts again under TCG
#   no line of the kernel after KVM_LINE_LIMIT       starts again under TCG
#   QEMU ends between the first line and init        starts again under TCG
#   no word of the guest's init at KVM_INIT_LIMIT    starts again under TCG
#   the kernel panics before init                    is over: a panic is never hidden
#   init has spoken                                  goes on, and is never repeated
#
# The verdict is remembered in the cache for this kernel of the host and this QEMU. "kvm" needs
# init's word, and "tcg" needs init's word from a run that KVM had failed: a kernel that does not
# boot at all says nothing about KVM. A remembered "tcg" spares the attempt. A remembered "kvm"
# spares nothing, for each guest is watched; it changes when one fails.
#
# DUALTREE_ACCEL=kvm|tcg|icount overrides all this: nothing is watched, read or remembered. icount
# is TCG with a clock that counts: one nanosecond of the guest's is one instruction. Nothing but
# DUALTREE_ACCEL chooses it.
#
# DUALTREE_KVM_DEVICE is looked for instead of /dev/kvm. It is there for scripts/check accel,
# which has a stand-in for QEMU and needs no device.

KVM_DEVICE=${DUALTREE_KVM_DEVICE:-/dev/kvm}

# Seconds to the kernel's first line. TCG itself takes 4 of the guest's clock for a stock kernel
# with 4 CPUs, on an idle machine and while nine processes are busy (then 10 to 12 by the wall): most
# of it unpacks the kernel. Hardware takes a fraction of one. What takes longer than half as much
# again as TCG is no gain.
KVM_LINE_LIMIT=6

# Seconds to the first word of the guest's init. TCG takes 7 for the stock kernel and 18 for the
# debug kernel, which has the most to do until then.
KVM_INIT_LIMIT=30

# Days. A wrong "tcg" makes each run several times slower, and to try again costs no more than the
# limits above: once a day. A wrong "kvm" is found by the next guest.
ACCEL_DAYS_KVM=7
ACCEL_DAYS_TCG=1

# What a verdict holds for, in a line. KVM runs guests of the host's own architecture alone.
accel_host()
{
	local machine

	machine=$(uname -m)
	printf '%s | ' "$(uname -m -r -v)"
	"qemu-system-${machine/#ppc64le/ppc64}" --version | sed -n 1p
}

accel_file()
{
	printf '%s\n' "$CACHE/accel/$(accel_host | short_hash)"
}

accel_verdict()
{
	local file verdict days age

	file=$(accel_file)
	[ -r "$file" ] || return 0
	read -r verdict <"$file"
	case $verdict in
	kvm) days=$ACCEL_DAYS_KVM ;;
	tcg) days=$ACCEL_DAYS_TCG ;;
	*) return 0 ;;
	esac
	age=$(($(date +%s) - $(stat -c %Y "$file")))
	[ "$age" -ge $((days * 86400)) ] || echo "$verdict"
}

remember_accel()
{
	local file

	file=$(accel_file)
	mkdir -p "${file%/*}"
	# Other runs may write and read it at the same time.
	printf '%s\n' "$1" "$2" "$(accel_host)" >"$file.$$"
	mv "$file.$$" "$file"
}

# kvm_is_there ARCH: whether QEMU can be asked for KVM at all.
kvm_is_there()
{
	case ${1:-$HOST_ARCH} in
	"$HOST_ARCH" | "$(uname -m)") ;;
	*) return 1 ;;
	esac
	[ -r "$KVM_DEVICE" ] && [ -w "$KVM_DEVICE" ]
}

choose_accel()
{
	ACCEL_WATCHED=
	case ${DUALTREE_ACCEL-} in
	kvm | tcg | icount) ACCEL=$DUALTREE_ACCEL ;;
	'')
		ACCEL=tcg
		if kvm_is_there "${1-}" && [ "$(accel_verdict)" != tcg ]; then
			ACCEL=kvm
			ACCEL_WATCHED=yes
		fi
		;;
	*) die "DUALTREE_ACCEL=$DUALTREE_ACCEL: kvm, tcg or icount" ;;
	esac
}

# follow_marks: looks which marks the guest has reached, GUEST_MARK: none, line or init. Its init
# writes to the port as soon as it runs.
follow_marks()
{
	[ "$GUEST_MARK" != none ] ||
		! grep -aqE '^\[ *[0-9]+\.[0-9]+\]|Linux version ' "$VM_LOG/console.log" ||
		GUEST_MARK=line
	if [ "$GUEST_MARK" != init ] && [ -s "$VM_LOG/port.log" ]; then
		GUEST_MARK=init
		init_has_spoken
	fi
}

# A run that was watched, and the repetition of one that KVM had failed, are worth remembering.
init_has_spoken()
{
	if [ -n "$ACCEL_WATCHED" ]; then
		[ "$(accel_verdict)" = kvm ] || remember_accel kvm "init spoke"
	elif [ -n "$KVM_FAULT" ]; then
		remember_accel tcg "$KVM_FAULT"
	fi
}

# watch_kvm: sets KVM_FAULT if a mark is overdue.
watch_kvm()
{
	case $GUEST_MARK in
	none)
		[ "$GUEST_CLOCK" -lt $((KVM_LINE_LIMIT * 1000)) ] ||
			KVM_FAULT="no line from the kernel in ${KVM_LINE_LIMIT}s"
		;;
	line)
		[ "$GUEST_CLOCK" -lt $((KVM_INIT_LIMIT * 1000)) ] ||
			KVM_FAULT="no word from the guest's init in ${KVM_INIT_LIMIT}s"
		;;
	esac
}

# kvm_ended STATUS: the same when QEMU has ended. A panic is the kernel's own end.
kvm_ended()
{
	if [ "$GUEST_MARK" != init ] && ! grep -aq 'Kernel panic' "$VM_LOG/console.log"; then
		KVM_FAULT="QEMU ended with status $1 before the guest's init"
	fi
}
