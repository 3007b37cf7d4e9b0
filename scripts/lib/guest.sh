# SPDX-License-Identifier: GPL-2.0
#
# A guest with modules of this tree. To be sourced after common.sh, kernel.sh and build.sh.
#
#   guest_files FILE...   GUEST_FILES[] becomes the arguments of scripts/vm that put the files
#                         into a guest
#   guest_run SCRIPT DIR [VM-OPTION...]
#                         boots KERNEL_IMAGE with scripts/guest/SCRIPT; its logs are in DIR
#   build_guest_programs NAME...
#                         GUEST_PROGRAMS[] becomes programs made of guest/NAME.c, in TEMP_DIR,
#                         for GUEST_ARCH
#   kernel_module PATH    prints where a module of the kernel's own is; unpacked into TEMP_DIR if
#                         it is compressed
#
# Promises: guest_run returns 0 for a good run and 1 for one that was not good. Where nothing could
# be run it ends the script.

guest_files()
{
	local file

	GUEST_FILES=()
	for file; do
		GUEST_FILES+=(--file "$file")
	done
}

build_guest_programs()
{
	local name compiler=${CC:-gcc}

	if ! arch_is_native; then
		apt_install "gcc-$ARCH_TRIPLET" "libc6-dev-$GUEST_ARCH-cross"
		compiler=$ARCH_TRIPLET-gcc
	fi
	temp_dir
	GUEST_PROGRAMS=()
	for name; do
		"$compiler" -O2 -Wall -Wextra -static -o "$TEMP_DIR/$name" \
			"$SCRIPTS/guest/$name.c" >&2 || die "$name.c does not build"
		GUEST_PROGRAMS+=("$TEMP_DIR/$name")
	done
}

kernel_module()
{
	local path=${KERNEL_MODULES:+$KERNEL_MODULES/kernel}

	path=${path:-$KERNEL_KDIR}/$1

	if [ -f "$path" ]; then
		echo "$path"
	elif [ -f "$path.xz" ]; then
		xz -dc "$path.xz" >"$TEMP_DIR/$(basename "$path")"
		echo "$TEMP_DIR/$(basename "$path")"
	else
		die "there is no module of the kernel where it is due: $path"
	fi
}

guest_run()
{
	local script=$1 dir=$2 status=0

	shift 2
	[[ $script == */* ]] || script=$SCRIPTS/guest/$script
	mkdir -p "$dir"
	"$SCRIPTS/vm" --arch "$GUEST_ARCH" --kernel "$KERNEL_IMAGE" --run "$script" --log "$dir" \
		"$@" || status=$?
	[ "$status" -le 1 ] || die "the guest could not be run"
	return "$status"
}
