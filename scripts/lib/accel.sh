# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# KVM or TCG. To be sourced after common.sh.
#
#   choose_accel   sets ACCEL to kvm or tcg; DUALTREE_ACCEL=kvm|tcg|icount overrides.
#                  icount is TCG with a clock that counts: one nanosecond of the guest's
#                  is one instruction. Nothing but DUALTREE_ACCEL chooses it
#
# Promises: KVM only where a guest really runs under it, and fast. That /dev/kvm can
# be opened says neither: inside some virtual machines it is there and a guest takes
# minutes, or never comes up.

# Seconds for the firmware to come up and start a boot sector. With hardware under
# it this takes a fraction of one.
KVM_PROBE_LIMIT=2

# A boot sector that asks QEMU to exit:
#   mov $0xf4,%dx; mov $0x10,%al; out %al,(%dx); hlt
# isa-debug-exit makes status 2 * 0x10 + 1 of it.
KVM_PROBE_STATUS=33

write_probe_disk()
{
	printf '\272\364\000\260\020\356\364' >"$1"
	truncate -s 510 "$1"
	printf '\125\252' >>"$1"
	truncate -s 64k "$1"
}

kvm_works()
{
	local disk status=0

	[ -r /dev/kvm ] && [ -w /dev/kvm ] || return 1
	temp_dir
	disk=$TEMP_DIR/probe.img
	write_probe_disk "$disk"
	# In braces: what bash says about a QEMU that aborts goes with the rest.
	{
		timeout -s KILL "$KVM_PROBE_LIMIT" qemu-system-x86_64 \
			-accel kvm -cpu host -smp 1 -m 64 -nodefaults -no-user-config \
			-display none -monitor none -no-reboot \
			-device isa-debug-exit,iobase=0xf4,iosize=0x04 \
			-drive "file=$disk,format=raw,if=ide" </dev/null || status=$?
	} >/dev/null 2>&1
	[ "$status" -eq "$KVM_PROBE_STATUS" ]
}

choose_accel()
{
	case ${DUALTREE_ACCEL-} in
	kvm | tcg | icount) ACCEL=$DUALTREE_ACCEL ;;
	'')
		ACCEL=tcg
		! kvm_works || ACCEL=kvm
		;;
	*) die "DUALTREE_ACCEL=$DUALTREE_ACCEL: kvm, tcg or icount" ;;
	esac
}
