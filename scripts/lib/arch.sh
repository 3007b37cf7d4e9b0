# SPDX-License-Identifier: GPL-2.0
#
# The architectures that a guest can have. To be sourced after common.sh.
#
#   use_arch NAME       Debian's name of one; sets GUEST_ARCH to it, and of its row
#                       ARCH_KERNEL, what the kernel's make knows it by
#                       ARCH_TRIPLET, what its compiler's name begins with
#                       ARCH_QEMU and ARCH_PACKAGES[], what emulates it and is to be installed
#                       ARCH_MACHINE[] and ARCH_CPU, what is emulated under TCG, and
#                       ARCH_TCG_APPEND, what its kernel is told then
#                       ARCH_CONSOLE and ARCH_PORT, two serial ports that a stock kernel
#                       drives without a module; ARCH_PCI_PORT if the second is a card
#                       ARCH_IMAGE, the image's path below a build of the kernel
#   arch_is_native      the guest's architecture is this machine's
#   arch_make           prints the arguments of make that a build for it takes
#   arch_install        installs what its guests take and scripts/setup does not install
#   list_arches         their names, the default first
#
# Why these CPUs under TCG:
#   amd64   five-level page tables would be one more load for each miss, for nothing. All CPUs'
#           counters come from the host's, and tsc=reliable says so: the HPET, which the kernel
#           would turn to, takes QEMU's big lock for each look at the time
#   arm64   has 16 KiB pages, which cortex-a72 lacks, and LSE atomics; has no pointer
#           authentication and no SVE, for which QEMU computes much

# Name, the kernel's, triplet, QEMU, its packages, machine, CPU, console, port, image. A comma
# stands where a list has a blank, "-" for nothing; the port of a PCI card begins with "pci:".
ARCHES='
amd64   x86_64  x86_64-linux-gnu      x86_64  qemu-system-x86,seabios  -                   max,la57=off  ttyS0    ttyS1  arch/x86/boot/bzImage
arm64   arm64   aarch64-linux-gnu     aarch64 qemu-system-arm          virt,gic-version=3  neoverse-n1   ttyAMA0  pci:ttyS0  arch/arm64/boot/Image
ppc64el powerpc powerpc64le-linux-gnu ppc64   qemu-system-ppc          pseries             power9        hvc0     hvc1   vmlinux
riscv64 riscv   riscv64-linux-gnu     riscv64 qemu-system-misc,opensbi virt                rv64          ttyS0    pci:ttyS1  arch/riscv/boot/Image
'

HOST_ARCH=$(dpkg --print-architecture)

list_arches()
{
	awk 'NF { print $1 }' <<<"$ARCHES"
}

use_arch()
{
	local packages machine

	read -r GUEST_ARCH ARCH_KERNEL ARCH_TRIPLET ARCH_QEMU packages machine ARCH_CPU \
		ARCH_CONSOLE ARCH_PORT ARCH_IMAGE < <(awk -v name="$1" '$1 == name' <<<"$ARCHES") ||
		die "no architecture $1; there are: $(list_arches | tr '\n' ' ')"
	ARCH_QEMU=qemu-system-$ARCH_QEMU
	read -ra ARCH_PACKAGES < <(tr , ' ' <<<"$packages")
	ARCH_MACHINE=()
	ARCH_PCI_PORT=
	[ "$ARCH_PORT" = "${ARCH_PORT#pci:}" ] || ARCH_PCI_PORT=yes
	ARCH_PORT=${ARCH_PORT#pci:}
	ARCH_TCG_APPEND=
	[ "$GUEST_ARCH" != amd64 ] || ARCH_TCG_APPEND=tsc=reliable
	[ "$machine" = - ] || ARCH_MACHINE=(-machine "$machine")
}

arch_is_native()
{
	[ "$GUEST_ARCH" = "$HOST_ARCH" ]
}

arch_make()
{
	echo "ARCH=$ARCH_KERNEL"
	arch_is_native || echo "CROSS_COMPILE=$ARCH_TRIPLET-"
}

arch_install()
{
	arch_is_native || apt_install "${ARCH_PACKAGES[@]}" "binutils-${ARCH_TRIPLET/x86_64/x86-64}"
}

# arch_tool NAME: a program of binutils that reads the guest's files.
arch_tool()
{
	arch_is_native || printf '%s-' "$ARCH_TRIPLET"
	echo "$1"
}

use_arch amd64
