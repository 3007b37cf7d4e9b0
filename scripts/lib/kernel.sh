# SPDX-License-Identifier: GPL-2.0
#
# The kernels we boot, of GUEST_ARCH (see arch.sh). To be sourced after common.sh and apt.sh.
#
#   get_source         unpacks the release's kernel source; sets KERNEL_SRC and KERNEL_SRC_ID
#   get_kernel KIND    debug, fast, clang, kcsan, rt, nic-debug, uml, one of STOCK_KINDS or another
#                      one of stock kernels (see release.sh); sets
#                      KERNEL_IMAGE (to boot), KERNEL_KDIR (to build modules against,
#                      with KERNEL_MAKE[]), KERNEL_ID (a name that changes with
#                      anything that went in), and KERNEL_MODULES for stock kernels
#   kernel_is_there KIND   whether a kernel of our own is in the cache
#   kernel_seconds KIND    about how long it takes to build it
#
# Promises: the host's own kernel is not touched, an image is unpacked and never
# installed. What is in the cache under its final name is complete: it is made
# under another name there, under a lock, and renamed. A build that was interrupted goes on where
# it stopped.

# shellcheck source=scripts/lib/arch.sh
. "$SCRIPTS/lib/arch.sh"
# shellcheck source=scripts/lib/rt.sh
. "$SCRIPTS/lib/rt.sh"
# shellcheck source=scripts/lib/release.sh
. "$SCRIPTS/lib/release.sh"

# Raise it when a change to this file makes old builds worthless.
KERNEL_RECIPE=1

# Kinds whose config stands on another one's and on base.config.
declare -A KIND_BUILDS_ON=([clang]=fast [kcsan]=fast [rt]=debug [nic-debug]=debug)

# What builds with LLVM=1 takes.
CLANG_PACKAGES=(clang lld llvm)

resolve_source()
{
	if [ -z "${PLAIN_SOURCE-}" ]; then
		apt_resolve_or_die linux-source '^linux-source-'
		PLAIN_SOURCE=$RESOLVED
		PLAIN_VERSION=$RESOLVED_VERSION
	fi
}

get_source()
{
	resolve_source
	use_source "$PLAIN_SOURCE" "$PLAIN_VERSION" apt_download
}

# use_source PACKAGE VERSION DOWNLOAD: the source that a package holds; sets KERNEL_SRC and
# KERNEL_SRC_ID. DOWNLOAD PACKAGE VERSION DIR puts the package into DIR, and its name into DEB.
use_source()
{
	local package=$1 version=$2 dir part

	KERNEL_SRC_ID=${package}_$version
	dir=$CACHE/source/$KERNEL_SRC_ID
	KERNEL_SRC=$dir/$package
	[ ! -d "$dir" ] || return 0

	lock "source-$KERNEL_SRC_ID"
	if [ ! -d "$dir" ]; then
		part=$CACHE/source/.$KERNEL_SRC_ID.part
		rm -rf "$part"
		mkdir -p "$part"
		"$3" "$package" "$version" "$part"
		# shellcheck disable=SC2016
		run_or_die "cannot unpack $DEB" "unpacking $package" "$part/unpack.log" "" \
			bash -c 'set -o pipefail
				 dpkg-deb --fsys-tarfile "$1" |
				 tar -xO --wildcards "./usr/src/linux-source-*.tar.xz" |
				 tar -xJ -C "$2"' - "$DEB" "$part"
		[ -f "$part/$package/Makefile" ] || die "$DEB does not hold $package/Makefile"
		rm -f "$DEB"
		mv "$part" "$dir"
	fi
	unlock "source-$KERNEL_SRC_ID"
}

# The fragments of a kind, in the order in which they are applied: a later one may take
# back what an earlier one asked for.
config_fragments()
{
	local name

	if [ "$1" = uml ]; then
		echo "$SCRIPTS/config/uml.config"
		return
	fi
	for name in base ${KIND_BUILDS_ON[$1]-} "$1" $(arch_is_native || echo "$GUEST_ARCH"); do
		printf '%s\n' "$SCRIPTS/config/$name.config"
	done
}

# config_requests OUT FRAGMENT...: leaves OUT/requested.config; of several requests for a symbol the
# last. The kernel's script makes its own files where it runs.
config_requests()
{
	local out=$1

	shift
	KCONFIG_CONFIG=$out/requested.config env -C "$out" \
		sh "$KERNEL_SRC/scripts/kconfig/merge_config.sh" -m /dev/null "$@" >"$out/merge.log"
}

# config_missing REQUESTED FINAL: prints each request that FINAL does not fulfil.
# Kconfig drops what it cannot satisfy without a word, and a checker that is not
# there finds nothing.
config_missing()
{
	grep '^CONFIG_' "$1" | grep -vxFf "$2" || true
	sed -n 's/^# \(CONFIG_[A-Za-z0-9_]*\) is not set$/^\1=/p' "$1" | grep -f - "$2" |
		sed 's/$/, which is not to be set/' || true
}

# kernel_arch KIND: sets KERNEL_ARCH[], what every make is told; KERNEL_FLAGS[], what that of the
# kernel itself is told as well; and KERNEL_TARGET, the image's path below the build, which ends
# in its target's name.
kernel_arch()
{
	mapfile -t KERNEL_ARCH < <(arch_make)
	KERNEL_FLAGS=()
	KERNEL_TARGET=$ARCH_IMAGE
	[ "$1" != clang ] || KERNEL_ARCH+=(LLVM=1)
	[ "$1" = uml ] || return 0
	KERNEL_ARCH=(ARCH=um SUBARCH=x86_64)
	# 6.1 gives its processes registers of 2696 bytes, and the host of a CPU that has more
	# refuses them. Where the host does not know of such registers it does with the old
	# ones, of 512: so it asks here for those of a kind that no host knows.
	KERNEL_FLAGS=("CFLAGS_registers.o=-D_LINUX_ELF_H -DNT_X86_XSTATE=0")
	KERNEL_TARGET=linux
}

configure_kernel()
{
	local kind=$1 out=$2 missing fragments

	mapfile -t fragments < <(config_fragments "$kind")
	config_requests "$out" "${fragments[@]}" || die "cannot merge the fragments of the $kind kernel"
	{
		make -C "$KERNEL_SRC" O="$out" "${KERNEL_ARCH[@]}" tinyconfig
		cat "$out/requested.config" >>"$out/.config"
		make -C "$KERNEL_SRC" O="$out" "${KERNEL_ARCH[@]}" olddefconfig
	} >"$out/config.log" 2>&1 || {
		show_log "$out/config.log" 15
		die "cannot configure the $kind kernel"
	}
	missing=$(config_missing "$out/requested.config" "$out/.config")
	[ -z "$missing" ] || die "the $kind kernel's .config lacks what was asked for:
$missing"
}

# The debug kernel of 6.1, the one that most runs build first: its objects, for 621 options that
# are "y", and the seconds of CPU time that they took.
DEBUG_OBJECTS=1195
DEBUG_OPTIONS=621
DEBUG_CPU_SECONDS=1840

# objects_due KIND DIR: what the last build of the kind had, or else what its configuration has us
# expect.
objects_due()
{
	measured "objects-$(kernel_name "$1")" \
		$(($(grep -c '=y$' "$2/.config") * DEBUG_OBJECTS / DEBUG_OPTIONS))
}

# objects_left DIR: those that a build left there which was interrupted.
objects_left()
{
	find "$1" -name '*.o' ! -name '.*' | wc -l
}

compiled_objects()
{
	grep -cE '^  (CC|AS|HOSTCC)' "$1" || true
}

# The total is an estimate, and linking comes after all objects: 100 % is never said.
count_objects()
{
	local objects=$((OBJECTS_LEFT + $(compiled_objects "$1"))) percent

	percent=$((objects * 100 / OBJECTS_DUE))
	[ "$percent" -le 99 ] || percent=99
	echo "$percent %, $objects objects"
}

kernel_seconds()
{
	measured "kernel-$(kernel_name "$1")" $((DEBUG_CPU_SECONDS / $(nproc)))
}

# Modules need the headers, the tools and Module.symvers; the objects are most of
# the space.
prune_build()
{
	find "$1" \( -path "$1/scripts" -o -path "$1/tools" \) -prune -o \
		-type f \( -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o -name '.tmp_*' \) \
		-exec rm -f {} +
	rm -f "$1"/arch/x86/boot/compressed/vmlinux*
}

build_kernel()
{
	local kind=$1 dir=$2 part start

	part=$(dirname "$dir")/.$(basename "$dir").part
	mkdir -p "$part"
	configure_kernel "$kind" "$part"
	log "building the $kind kernel, once: about $(duration "$(kernel_seconds "$kind")")"
	OBJECTS_DUE=$(objects_due "$kind" "$part")
	OBJECTS_LEFT=$(objects_left "$part")
	start=$SECONDS
	run_long "building the $kind kernel" "$part/build.log" count_objects \
		make -C "$part" "${KERNEL_ARCH[@]}" "${KERNEL_FLAGS[@]}" -j"$(nproc)" \
		"${KERNEL_TARGET##*/}" modules || {
		sed -n '/[Ee]rror/p' "$part/build.log" | sed -n '1,5p' >&2
		show_log "$part/build.log" 15
		die "the $kind kernel does not build; the log is $part/build.log"
	}
	make -C "$part" "${KERNEL_ARCH[@]}" modules_prepare >>"$part/build.log" 2>&1 ||
		die "modules_prepare failed; the log is $part/build.log"
	[ -s "$part/Module.symvers" ] || die "the $kind kernel has no Module.symvers"
	if [ "$OBJECTS_LEFT" -eq 0 ]; then
		remember_measured "objects-$(kernel_name "$kind")" "$(compiled_objects "$part/build.log")"
		remember_measured "kernel-$(kernel_name "$kind")" $((SECONDS - start))
	fi
	prune_build "$part"
	mv "$part" "$dir"
}

# kernel_name KIND: with its architecture, if it is not this machine's.
kernel_name()
{
	arch_is_native || printf '%s-' "$GUEST_ARCH"
	echo "$1"
}

# kernel_compiler KIND
kernel_compiler()
{
	if [ "$1" = clang ]; then
		echo clang
	else
		arch_tool gcc
	fi
}

# kernel_key KIND: all that went into it but its source.
kernel_key()
{
	local fragments

	mapfile -t fragments < <(config_fragments "$1")
	(echo "$KERNEL_RECIPE" && cat "${fragments[@]}" &&
		"$(kernel_compiler "$1")" --version | sed -n 1p) | short_hash
}

# A source with patches has a longer name.
kernel_is_there()
{
	command -v "$(kernel_compiler "$1")" >/dev/null || return 1
	resolve_source
	compgen -G "$CACHE/kernel/$(kernel_name "$1")-${PLAIN_SOURCE#linux-source-}_$PLAIN_VERSION*-$(kernel_key "$1")" >/dev/null
}

get_own_kernel()
{
	local kind=$1 dir

	get_source
	arch_is_native || apt_install "gcc-$ARCH_TRIPLET"
	[ "$kind" != rt ] || get_rt_source
	[ "$kind" != clang ] || apt_install "${CLANG_PACKAGES[@]}"
	kernel_arch "$kind"
	KERNEL_ID=$(kernel_name "$kind")-${KERNEL_SRC_ID#linux-source-}-$(kernel_key "$kind")
	dir=$CACHE/kernel/$KERNEL_ID
	if [ ! -d "$dir" ]; then
		lock "kernel-$KERNEL_ID"
		[ -d "$dir" ] || build_kernel "$kind" "$dir"
		unlock "kernel-$KERNEL_ID"
	fi
	KERNEL_IMAGE=$dir/$KERNEL_TARGET
	KERNEL_KDIR=$dir
	KERNEL_MAKE=(make "${KERNEL_ARCH[@]}")
	KERNEL_MODULES=
}

unpack_image()
{
	local package=$1 version=$2 dir=$3 part

	part=$(dirname "$dir")/.$(basename "$dir").part
	rm -rf "$part"
	apt_download "$package" "$version" "$part"
	run_or_die "cannot unpack $DEB" "unpacking $package" "$part/unpack.log" "" \
		dpkg-deb -x "$DEB" "$part"
	rm -f "$DEB"
	mv "$part" "$dir"
}

# The kinds of stock kernels of this machine's release; stock alone has the flavour amd64.
STOCK_KINDS=(stock stock-cloud stock-rt)

# get_stock_kernel FLAVOUR: the kernel that Debian's users boot, "amd64", "cloud-amd64" or
# "rt-amd64". Its headers are installed, since they live under fixed paths; the image is not.
get_stock_kernel()
{
	local flavour=$1 package version release common dir

	apt_resolve_or_die "linux-image-$flavour" '^linux-image-[0-9]'
	package=$RESOLVED
	version=$RESOLVED_VERSION
	release=${package#linux-image-}
	release=${release%-unsigned}
	common=${release%-"$flavour"}-common
	# PREEMPT_RT has a source of its own.
	[ "$flavour" != rt-amd64 ] || common+=-rt
	KERNEL_ID=stock-${release}_$version
	dir=$CACHE/kernel/$KERNEL_ID
	if [ ! -d "$dir" ]; then
		lock "kernel-$KERNEL_ID"
		[ -d "$dir" ] || unpack_image "$package" "$version" "$dir"
		unlock "kernel-$KERNEL_ID"
	fi
	apt_install "linux-headers-$release=$version" "linux-headers-$common=$version"
	KERNEL_IMAGE=$dir/boot/vmlinuz-$release
	KERNEL_KDIR=/usr/src/linux-headers-$release
	KERNEL_MODULES=$dir/lib/modules/$release
	[ -f "$KERNEL_IMAGE" ] || die "$package holds no boot/vmlinuz-$release"
	[ -d "$KERNEL_KDIR" ] || die "linux-headers-$release did not bring $KERNEL_KDIR"
}

get_kernel()
{
	KERNEL_MAKE=(make)
	if release_has "$1"; then
		get_release_kernel "$1"
		return
	fi
	case $GUEST_ARCH:$1 in
	amd64:debug | amd64:fast | amd64:clang | amd64:kcsan | amd64:rt | amd64:nic-debug | \
		amd64:uml | arm64:debug | arm64:fast)
		get_own_kernel "$1"
		;;
	amd64:stock) get_stock_kernel amd64 ;;
	amd64:stock-cloud | amd64:stock-rt) get_stock_kernel "${1#stock-}-amd64" ;;
	*) die "no kernel of the kind $1 for $GUEST_ARCH (see scripts/kernel --help)" ;;
	esac
}
