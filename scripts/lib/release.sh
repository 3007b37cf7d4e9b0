# SPDX-License-Identifier: GPL-2.0
#
# Debian's stock kernels of other releases and architectures than this machine's. To be
# sourced after common.sh, apt.sh and arch.sh; kernel.sh does it.
#
#   get_release_kernel KIND       of RELEASE_KERNELS and of GUEST_ARCH; sets KERNEL_IMAGE,
#                                 KERNEL_MODULES, KERNEL_ID, KERNEL_KDIR (a path in the root)
#                                 and KERNEL_MAKE[], a make that works in the root
#   release_kernels               all that there are, as ARCHITECTURE/KIND
#   release_has KIND              whether there is that kind for GUEST_ARCH
#   release_row KIND              what is known of it; nothing if there is none
#   release_use_lists SUITE BASE  RELEASE_APT[] becomes what makes apt use lists of our own
#   release_update SUITE          gets these lists anew
#   get_release_source VERSION    the source of a kernel of another release, "6.12", or of the
#                                 newest one, "newest"; sets KERNEL_SRC and KERNEL_SRC_ID
#
# Headers of another release need its compiler, and its build tools need its libc. So all
# of it, down to the shell, is unpacked into a directory that the build has as its root.
# For another architecture the kernel and its headers are that one's, and the compiler and the
# tools of the kernel's build are this machine's. Packages come from the mirror that the machine
# uses already, by lists of our own.
#
# Promises: nothing is installed, the machine's package lists are neither read nor changed,
# and what apt gets is verified with the machine's keys. A root in the cache under its final
# name is complete. To build in it takes a user namespace, and no privilege.

# Architecture, kind, version, suite that it is from, suite whose packages it needs too,
# package that leads to the latest one.
RELEASE_KERNELS='
amd64   stock-6.12 6.12 trixie           trixie   linux-image-amd64
amd64   stock-7.3  7.3  trixie-backports trixie   linux-image-amd64
arm64   stock      6.1  bookworm         bookworm linux-image-arm64
arm64   stock-6.12 6.12 trixie           trixie   linux-image-arm64
arm64   stock-16k  6.12 trixie           trixie   linux-image-arm64-16k
ppc64el stock      6.1  bookworm         bookworm linux-image-powerpc64le
riscv64 stock      6.12 trixie           trixie   linux-image-riscv64
'

# What the build of a module calls that no package of the kernel depends on.
# With W=1 it also looks at comments, with a program in perl or in python.
RELEASE_TOOLS=(make bash dash coreutils sed grep mawk findutils diffutils binutils
	perl python3)

# Raise it when a change to this file makes old roots worthless.
RELEASE_RECIPE=1

release_kernels()
{
	awk 'NF { print $1 "/" $2 }' <<<"$RELEASE_KERNELS"
}

release_has()
{
	[ -n "$(release_row "$1")" ]
}

# release_row KIND: version, suite, the suite it needs as well and package, of GUEST_ARCH's kernel.
release_row()
{
	awk -v arch="$GUEST_ARCH" -v kind="$1" '$1 == arch && $2 == kind { print $3, $4, $5, $6 }' \
		<<<"$RELEASE_KERNELS"
}

# The machine's mirror of Debian proper, whatever it is called.
release_mirror()
{
	local codename

	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
	# shellcheck disable=SC2016 # apt's own placeholder
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $codename" \
		'Component: main' | sed -n 1p
}

release_use_lists()
{
	local dir=$CACHE/apt/$1 mirror suite arches=$HOST_ARCH

	if ! arch_is_native; then
		dir+=-$GUEST_ARCH
		arches+=,$GUEST_ARCH
	fi
	RELEASE_APT=(
		-o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=-
		-o Dir::Etc::preferences=- -o Dir::Etc::preferencesparts=-
		-o "Dir::State=$dir" -o "Dir::State::lists=$dir/lists"
		-o "Dir::State::status=$dir/status" -o "Dir::Cache=$dir/cache"
		-o APT::Sandbox::User= -o "APT::Default-Release=$1"
		-o "APT::Architectures::=$HOST_ARCH" -o "APT::Architectures::=$GUEST_ARCH"
	)
	RELEASE_LISTS=$dir
	RELEASE_LOG=$dir/apt.log
	mirror=$(release_mirror)
	[ -n "$mirror" ] || die "apt-get indextargets names no mirror of this release of Debian"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	# Nothing is installed there: what is needed is all that it takes.
	: >"$dir/status"
	for suite in "$1" "$2"; do
		echo "deb [arch=$arches] $mirror $suite main"
	done | sort -u >"$dir/sources.list"
}

release_update()
{
	log "getting the package lists of $1"
	run_long "getting package lists" "$RELEASE_LOG" "" \
		apt-get "${RELEASE_APT[@]}" -o APT::Update::Error-Mode=any update && return 0
	if grep -q NO_PUBKEY "$RELEASE_LOG"; then
		die "no key of this machine verifies $1: is its debian-archive-keyring too old?"
	fi
	show_log "$RELEASE_LOG" 5
	die "cannot get the package lists of $1"
}

# release_try SUITE COMMAND...: the lists may be older than the archive, or not there: once more with
# new ones.
release_try()
{
	local suite=$1

	shift
	"$@" && return 0
	release_update "$suite"
	"$@" && return 0
	show_log "$RELEASE_LOG" 10
	return 1
}

release_unpack()
{
	local root=$1 package dir

	# Packages of today have everything in /usr, and expect these; those of before put files
	# below them, which must not replace them.
	for dir in bin sbin lib lib64; do
		mkdir -p "$root/usr/$dir"
		ln -s "usr/$dir" "$root/$dir"
	done
	for package in "$RELEASE_LISTS"/cache/archives/*.deb; do
		dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$root" ||
			die "cannot unpack $package"
	done
	# What the scripts of packages would have made, as far as a build needs it.
	mkdir -p "$root"/{dev,proc,tmp}
	ln -sf mawk "$root/usr/bin/awk"
	[ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
}

# release_needs PACKAGE PATTERN: what PACKAGE depends on and matches PATTERN.
release_needs()
{
	apt-cache "${RELEASE_APT[@]}" show "$1" | sed -n 's/^Depends: //p' | tr -s ', ' '\n' |
		grep -xE -- "$2"
}

# release_packages IMAGE-PACKAGE VERSION: sets RELEASE_WHOLE[], what is needed with all that it
# depends on, and RELEASE_BARE[], what is needed alone: a package of another architecture would
# bring a compiler of that one, which would lie over this machine's.
release_packages()
{
	local image=$1 version=$2 headers=linux-headers-${1#linux-image-} need common kbuild compiler

	RELEASE_WHOLE=("$image=$version" "$headers=$version" "${RELEASE_TOOLS[@]}")
	RELEASE_BARE=()
	! arch_is_native || return 0
	need=$headers:$GUEST_ARCH=$version
	common=$(release_needs "$need" 'linux-headers-.*-common') || return 1
	kbuild=$(release_needs "$need" 'linux-kbuild-.*') || return 1
	compiler=$(release_needs "$need" 'gcc-[0-9]+') || return 1
	RELEASE_WHOLE=("$kbuild=$version" "$compiler-$ARCH_TRIPLET" "${RELEASE_TOOLS[@]}")
	RELEASE_BARE=("$image:$GUEST_ARCH=$version" "$need" "$common=$version")
}

release_download()
{
	run_long "downloading $1" "$RELEASE_LOG" "" \
		apt-get "${RELEASE_APT[@]}" install --download-only --no-install-recommends -y \
		"${RELEASE_WHOLE[@]}" || return 1
	[ ${#RELEASE_BARE[@]} -eq 0 ] ||
		run_long "downloading $1" "$RELEASE_LOG" "" env -C "$RELEASE_LISTS/cache/archives" \
			apt-get "${RELEASE_APT[@]}" download "${RELEASE_BARE[@]}"
}

# release_make_root IMAGE-PACKAGE VERSION ROOT
release_make_root()
{
	local image=$1 version=$2 root=$3 part

	part=$(dirname "$root")/.$(basename "$root").part
	rm -rf "$part"
	mkdir -p "$part"
	apt-get "${RELEASE_APT[@]}" clean
	release_packages "$image" "$version" &&
		release_download "$image and what it is built with" || return 1
	log "unpacking $image and what it is built with"
	release_unpack "$part"
	apt-get "${RELEASE_APT[@]}" clean
	mv "$part" "$root"
}

# release_resolve VERSION SUITE META: sets RELEASE_PACKAGE and RELEASE_VERSION.
release_resolve()
{
	release_try "$2" release_look_up "$3" "$1" || die "$2 has no $3 of version $1"
}

# release_look_up META VERSION
release_look_up()
{
	read -r RELEASE_PACKAGE RELEASE_VERSION < <(
		apt-cache "${RELEASE_APT[@]}" show "$1:$GUEST_ARCH" 2>/dev/null | awk -v prefix="$2." '
			$1 == "Version:" { version = $2 }
			$1 == "Depends:" && index(version, prefix) == 1 && !found++ {
				match($0, /linux-image-[^ ,]+/)
				print substr($0, RSTART, RLENGTH), version
			}'
	)
}

# release_make_latest VERSION SUITE META
release_make_latest()
{
	release_resolve "$@"
	# Neither make nor a pattern is to find anything in a path.
	KERNEL_ID=$(tr '+~:' - <<<"stock-${RELEASE_PACKAGE#linux-image-}_$RELEASE_VERSION-r$RELEASE_RECIPE")
	[ -d "$CACHE/kernel/$KERNEL_ID" ] ||
		release_make_root "$RELEASE_PACKAGE" "$RELEASE_VERSION" "$CACHE/kernel/$KERNEL_ID"
}

# A make whose root is ROOT, with the cache's builds where they are outside.
release_use_make()
{
	local root=$1

	unshare --map-root-user --mount true 2>/dev/null ||
		die "no user namespace to be had: building for another release takes one"
	mkdir -p "$CACHE/build" "$root$CACHE/build"
	# shellcheck disable=SC2016 # for the shell inside
	KERNEL_MAKE=(unshare --map-root-user --mount sh -c '
		mount --rbind /dev "$1/dev" && mount --rbind /proc "$1/proc" &&
		mount --bind "$2" "$1$2" || exit 125
		root=$1
		shift 2
		exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/usr/sbin LC_ALL=C make "$@"' -
		"$root" "$CACHE/build")
}

get_release_kernel()
{
	local version suite base meta root release

	read -r version suite base meta < <(release_row "$1")
	release_use_lists "$suite" "$base"
	lock "release-${RELEASE_LISTS##*/}"
	release_try "$suite" release_make_latest "$version" "$suite" "$meta" ||
		die "cannot get $RELEASE_PACKAGE $RELEASE_VERSION"
	unlock "release-${RELEASE_LISTS##*/}"
	root=$CACHE/kernel/$KERNEL_ID
	release=${RELEASE_PACKAGE#linux-image-}
	KERNEL_MODULES=$root/usr/lib/modules/$release
	release_find_image "$root" "$release"
	KERNEL_KDIR=/usr/src/linux-headers-$release
	[ -d "$root$KERNEL_KDIR" ] || die "there is no $KERNEL_KDIR that goes with $RELEASE_PACKAGE"
	release_use_make "$root"
	arch_is_native || mapfile -t -O "${#KERNEL_MAKE[@]}" KERNEL_MAKE < <(arch_make)
}

# release_find_image ROOT RELEASE: where it is from 7.x on, and before. That of ppc64el is not
# compressed.
release_find_image()
{
	for KERNEL_IMAGE in "$KERNEL_MODULES/vmlinuz" "$1/boot/vmlinuz-$2" "$1/boot/vmlinux-$2"; do
		[ ! -f "$KERNEL_IMAGE" ] || return 0
	done
	die "$RELEASE_PACKAGE holds no kernel where one is due"
}

# release_look_up_source VERSION: the package with its source, and its version. Suites that are
# added to one have packages that it has not, with a version of their own.
release_look_up_source()
{
	RELEASE_PACKAGE=linux-source-$1
	read -r _ RELEASE_VERSION < <(apt-cache "${RELEASE_APT[@]}" show "$RELEASE_PACKAGE" \
		2>/dev/null | grep -m 1 '^Version: ')
}

# As apt_download, by the lists of the other release.
release_download_source()
{
	DEB=
	run_long "downloading $1" "$3/download.log" download_size \
		env -C "$3" apt-get "${RELEASE_APT[@]}" download "$1=$2" &&
		DEB=$(find "$3" -name "${1}_*.deb" -print -quit)
	[ -n "$DEB" ] || {
		show_log "$3/download.log" 5
		die "cannot download $1 $2"
	}
}

get_release_source()
{
	local version=$1 suite base

	[ "$version" != newest ] ||
		version=$(awk '$1 == "amd64" { print $3 }' <<<"$RELEASE_KERNELS" | sort -V |
			tail -n 1)
	read -r suite base < <(awk -v version="$version" \
		'$1 == "amd64" && $3 == version { print $4, $5 }' <<<"$RELEASE_KERNELS") ||
		die "no suite is known that has the source of Linux $version"
	release_use_lists "$suite" "$base"
	lock "release-${RELEASE_LISTS##*/}"
	release_try "$suite" release_look_up_source "$version" ||
		die "$suite has no linux-source-$version"
	use_source "$RELEASE_PACKAGE" "$RELEASE_VERSION" release_download_source
	unlock "release-${RELEASE_LISTS##*/}"
}
