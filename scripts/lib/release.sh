# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Debian's stock kernels of other releases than this machine's. To be sourced after
# common.sh and apt.sh; kernel.sh does it.
#
#   get_release_kernel VERSION    of RELEASE_SUITES; sets KERNEL_IMAGE, KERNEL_MODULES,
#                                 KERNEL_ID, KERNEL_KDIR (a path in the root) and
#                                 KERNEL_MAKE[], a make that works in the root
#
# Headers of another release need its compiler, and its build tools need its libc. So all
# of it, down to the shell, is unpacked into a directory that the build has as its root.
# Packages come from the mirror that the machine uses already, by lists of our own.
#
# Promises: nothing is installed, the machine's package lists are neither read nor changed,
# and what apt gets is verified with the machine's keys. A root in the cache under its final
# name is complete. To build in it takes a user namespace, and no privilege.

# Kernel, suite that it is from, suite whose packages it needs beside itself.
RELEASE_SUITES='
6.12 trixie trixie
7.3 trixie-backports trixie
'

# What the build of a module calls that no package of the kernel depends on.
# With W=1 it also looks at comments, with a program in perl or in python.
RELEASE_TOOLS=(make bash dash coreutils sed grep mawk findutils diffutils binutils
	perl python3)

# Raise it when a change to this file makes old roots worthless.
RELEASE_RECIPE=1

release_versions()
{
	awk 'NF { print $1 }' <<<"$RELEASE_SUITES"
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

# release_use_lists SUITE BASE-SUITE: RELEASE_APT becomes what makes apt use our lists.
release_use_lists()
{
	local dir=$CACHE/apt/$1 mirror suite

	RELEASE_APT=(
		-o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=-
		-o Dir::Etc::preferences=- -o Dir::Etc::preferencesparts=-
		-o "Dir::State=$dir" -o "Dir::State::lists=$dir/lists"
		-o "Dir::State::status=$dir/status" -o "Dir::Cache=$dir/cache"
		-o APT::Sandbox::User= -o "APT::Default-Release=$1"
	)
	RELEASE_LOG=$dir/apt.log
	mirror=$(release_mirror)
	[ -n "$mirror" ] || die "apt-get indextargets names no mirror of this release of Debian"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	# Nothing is installed there: what is needed is all that it takes.
	: >"$dir/status"
	for suite in "$1" "$2"; do
		echo "deb [arch=amd64] $mirror $suite main"
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

# release_find VERSION: the kernel's package and its version, or nothing.
release_find()
{
	apt-cache "${RELEASE_APT[@]}" show linux-image-amd64 2>/dev/null |
		awk -v prefix="$1." '
		$1 == "Version:" { version = $2 }
		$1 == "Depends:" && index(version, prefix) == 1 && !found++ {
			match($0, /linux-image-[^ ,]+/)
			print substr($0, RSTART, RLENGTH), version
		}'
}

# What the scripts of packages would have made, as far as a build needs it.
release_finish_root()
{
	local root=$1

	mkdir -p "$root"/{dev,proc,tmp}
	ln -sf mawk "$root/usr/bin/awk"
	[ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
}

release_unpack()
{
	local root=$1 package dir

	# Packages of today have everything in /usr, and expect these.
	for dir in bin sbin lib lib64; do
		mkdir -p "$root/usr/$dir"
		ln -s "usr/$dir" "$root/$dir"
	done
	for package in "${RELEASE_LOG%/*}"/cache/archives/*.deb; do
		dpkg-deb -x "$package" "$root" || die "cannot unpack $package"
	done
	release_finish_root "$root"
}

# release_make_root IMAGE-PACKAGE VERSION ROOT
release_make_root()
{
	local image=$1 version=$2 root=$3 part headers

	part=$(dirname "$root")/.$(basename "$root").part
	headers=linux-headers-${image#linux-image-}
	rm -rf "$part"
	mkdir -p "$part"
	apt-get "${RELEASE_APT[@]}" clean
	run_long "downloading $image and what it is built with" "$RELEASE_LOG" "" \
		apt-get "${RELEASE_APT[@]}" install --download-only --no-install-recommends -y \
		"$image=$version" "$headers=$version" "${RELEASE_TOOLS[@]}" || return 1
	log "unpacking $image and what it is built with"
	release_unpack "$part"
	apt-get "${RELEASE_APT[@]}" clean
	mv "$part" "$root"
}

# The lists may be older than the archive, or not there: once more with new ones.
release_resolve()
{
	local version=$1 suite=$2

	read -r RELEASE_PACKAGE RELEASE_VERSION < <(release_find "$version") && return 0
	release_update "$suite"
	read -r RELEASE_PACKAGE RELEASE_VERSION < <(release_find "$version") ||
		die "$suite has no linux-image-amd64 of version $version"
}

release_id()
{
	# Neither make nor a pattern is to find anything in a path.
	KERNEL_ID=$(tr '+~:' - <<<"stock-${RELEASE_PACKAGE#linux-image-}_$RELEASE_VERSION-r$RELEASE_RECIPE")
}

release_get_root()
{
	local version=$1 suite=$2

	release_resolve "$version" "$suite"
	release_id
	[ ! -d "$CACHE/kernel/$KERNEL_ID" ] || return 0
	mkdir -p "$CACHE/kernel"
	if ! release_make_root "$RELEASE_PACKAGE" "$RELEASE_VERSION" "$CACHE/kernel/$KERNEL_ID"; then
		release_update "$suite"
		release_resolve "$version" "$suite"
		release_id
		release_make_root "$RELEASE_PACKAGE" "$RELEASE_VERSION" "$CACHE/kernel/$KERNEL_ID" || {
			show_log "$RELEASE_LOG" 10
			die "cannot get $RELEASE_PACKAGE $RELEASE_VERSION"
		}
	fi
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
	local version=$1 suite base root release

	read -r suite base < <(awk -v version="$version" '$1 == version { print $2, $3 }' \
		<<<"$RELEASE_SUITES") || die "no suite is known that has Linux $version"
	release_use_lists "$suite" "$base"
	lock "release-$suite"
	release_get_root "$version" "$suite"
	unlock "release-$suite"
	root=$CACHE/kernel/$KERNEL_ID
	release=${RELEASE_PACKAGE#linux-image-}
	KERNEL_MODULES=$root/usr/lib/modules/$release
	# Where it is from 7.x on, and before.
	KERNEL_IMAGE=$KERNEL_MODULES/vmlinuz
	[ -f "$KERNEL_IMAGE" ] || KERNEL_IMAGE=$root/boot/vmlinuz-$release
	KERNEL_KDIR=/usr/src/linux-headers-$release
	[ -f "$KERNEL_IMAGE" ] || die "$RELEASE_PACKAGE holds no kernel where one is due"
	[ -d "$root$KERNEL_KDIR" ] || die "there is no $KERNEL_KDIR beside $RELEASE_PACKAGE"
	release_use_make "$root"
}
