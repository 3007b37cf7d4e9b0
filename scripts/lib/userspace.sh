# SPDX-License-Identifier: GPL-2.0
#
# The programs that a guest runs, of GUEST_ARCH. To be sourced after common.sh, apt.sh, arch.sh
# and release.sh.
#
#   get_userspace               sets USERSPACE, the root below which they are: this machine's
#                               for guests of its architecture, else one in the cache
#   userspace_program NAME      prints where a program is
#   program_files NAME [AS]     a program and its libraries, as arguments for scripts/vm --file.
#                               In the guest: ld.so --library-path HERE HERE/AS
#
# Promises: nothing of another architecture is installed. A root in the cache under its final
# name is complete.

# Raise it when a change to this file makes old roots worthless.
USERSPACE_RECIPE=2

# Of other architectures; on this machine scripts/setup and the scripts install them.
USERSPACE_PACKAGES=(busybox-static ethtool iperf3 netcat-openbsd)

userspace_unpack()
{
	local root=$1 part package

	part=$(dirname "$root")/.$(basename "$root").part
	rm -rf "$part"
	mkdir -p "$part"
	apt-get "${RELEASE_APT[@]}" clean
	run_long "downloading programs for $GUEST_ARCH" "$RELEASE_LOG" "" \
		apt-get "${RELEASE_APT[@]}" install --download-only --no-install-recommends -y \
		"${USERSPACE_PACKAGES[@]/%/:$GUEST_ARCH}" || return 1
	for package in "$RELEASE_LISTS"/cache/archives/*.deb; do
		dpkg-deb -x "$package" "$part" || die "cannot unpack $package"
	done
	apt-get "${RELEASE_APT[@]}" clean
	mv "$part" "$root"
}

# From the suite that has the stock kernel.
get_userspace()
{
	local suite base

	USERSPACE=
	! arch_is_native || return 0
	read -r _ suite base _ < <(release_row stock)
	USERSPACE=$CACHE/userspace/$GUEST_ARCH-$suite-r$USERSPACE_RECIPE
	[ ! -d "$USERSPACE" ] || return 0
	release_use_lists "$suite" "$base"
	lock "release-${RELEASE_LISTS##*/}"
	[ -d "$USERSPACE" ] || release_try "$suite" userspace_unpack "$USERSPACE" ||
		die "cannot get programs for $GUEST_ARCH"
	unlock "release-${RELEASE_LISTS##*/}"
}

# userspace_find NAME DIR...: prints where it is, in the first of these that has it.
userspace_find()
{
	local dir

	for dir in "${@:2}"; do
		if [ -e "$USERSPACE/$dir/$1" ]; then
			echo "$USERSPACE/$dir/$1"
			return
		fi
	done
	die "there is no $1 for $GUEST_ARCH"
}

userspace_program()
{
	userspace_find "$1" bin sbin usr/bin usr/sbin
}

userspace_library()
{
	userspace_find "$1" "lib/$ARCH_TRIPLET" "usr/lib/$ARCH_TRIPLET" lib lib64
}

needed_libraries()
{
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

program_files()
{
	local program name file loader queue
	local -A seen=()

	program=$(userspace_program "$1")
	loader=$(readelf -l "$program" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
	printf '%s\n' "$program:${2:-$1}" "$(userspace_library "${loader##*/}"):ld.so"
	queue=("$program")
	while [ ${#queue[@]} -gt 0 ]; do
		file=${queue[0]}
		queue=("${queue[@]:1}")
		while read -r name; do
			[ -z "${seen[$name]-}" ] || continue
			seen[$name]=yes
			file=$(userspace_library "$name")
			printf '%s\n' "$file:$name"
			queue+=("$file")
		done < <(needed_libraries "$file")
	done
}
