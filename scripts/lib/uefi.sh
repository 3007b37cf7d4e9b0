# SPDX-License-Identifier: GPL-2.0
#
# A guest that boots as a PC with Secure Boot does: UEFI's firmware with the keys that PCs are
# sold with, then Debian's signed shim, its GRUB, and the kernel, each of which verifies the
# next. To be sourced after common.sh, apt.sh and vm.sh.
#
#   uefi_install       the packages that it takes
#   uefi_command CERT  changes VM_COMMAND[], which boots a kernel directly, into one that boots
#                      this way, with CERT enrolled as a machine owner's key

UEFI_CODE=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd
UEFI_VARS=/usr/share/OVMF/OVMF_VARS_4M.ms.fd

uefi_install()
{
	apt_install ovmf shim-signed grub-efi-amd64-signed mtools
}

# uefi_disk OUT APPEND: what the firmware boots from, as Debian lays it out.
uefi_disk()
{
	local out=$1 append=$2 config

	truncate -s 192M "$out"
	mformat -i "$out" -F ::
	mmd -i "$out" ::/EFI ::/EFI/BOOT ::/EFI/debian
	mcopy -i "$out" /usr/lib/shim/shimx64.efi.signed ::/EFI/BOOT/BOOTX64.EFI
	mcopy -i "$out" /usr/lib/shim/mmx64.efi.signed ::/EFI/BOOT/mmx64.efi
	mcopy -i "$out" /usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed ::/EFI/BOOT/grubx64.efi
	mcopy -i "$out" "$VM_KERNEL" ::/vmlinuz
	mcopy -i "$out" "$VM_INITRD" ::/initrd
	config=$out.cfg
	printf 'linux /vmlinuz %s\ninitrd /initrd\nboot\n' "$append" >"$config"
	mcopy -i "$out" "$config" ::/EFI/debian/grub.cfg
}

uefi_command()
{
	local dir=${VM_INITRD%/*} command=() append=''

	set -- "$1" "${VM_COMMAND[@]}"
	python3 "$SCRIPTS/lib/mok-vars.py" "$UEFI_VARS" "$1" "$dir/vars.fd" ||
		die "cannot enrol $1 in $UEFI_VARS"
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		-kernel | -initrd) shift ;;
		-append)
			append=$2
			shift
			;;
		*) command+=("$1") ;;
		esac
		shift
	done
	uefi_disk "$dir/disk.img" "$append"
	# Variables that are verified may be written in system management mode alone.
	VM_COMMAND=("${command[@]}" -machine "q35,smm=on"
		-global "driver=cfi.pflash01,property=secure,value=on"
		-drive "if=pflash,unit=0,format=raw,readonly=on,file=$UEFI_CODE"
		-drive "if=pflash,unit=1,format=raw,file=$dir/vars.fd"
		-drive "if=none,id=disk,format=raw,file=$dir/disk.img"
		-device "virtio-blk-pci,drive=disk")
}
