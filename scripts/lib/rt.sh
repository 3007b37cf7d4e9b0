# SPDX-License-Identifier: GPL-2.0
#
# The kernel's source with PREEMPT_RT, which 6.1 has as separate patches. To be sourced
# after common.sh, apt.sh and kernel.sh, which does it.
#
#   get_rt_source    after get_source; makes KERNEL_SRC a tree of its own with Debian's
#                    patches applied, and KERNEL_SRC_ID a name that tells which
#
# The patches are in Debian's source package, of which the part with them is fetched, from
# the mirrors that the machine uses and by lists of our own. A mirror may have sources later
# than packages: then those of the latest version that is there are taken, which have to
# apply all the same.
#
# Promises: nothing is installed, the machine's package lists stay as they are, the plain
# source does too. A tree in the cache under its final name has all patches in it.

# rt_use_lists DIR: RT_APT becomes what makes apt use lists of sources in DIR.
rt_use_lists()
{
	local dir=$1

	RT_APT=(-o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=-
		-o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=)
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	# shellcheck disable=SC2016 # apt's own placeholders
	apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' 'Component: main' | sort -u >"$dir/sources.list"
	[ -s "$dir/sources.list" ] || die "apt-get indextargets names no mirror of Debian"
}

# rt_versions VERSION: of the kernel's source, VERSION and before, the latest first.
rt_versions()
{
	local version

	apt-cache "${RT_APT[@]}" showsrc linux | awk '$1 == "Version:" { print $2 }' | sort -urV |
		while read -r version; do
			! dpkg --compare-versions "$version" le "$1" ||
				[ "${version%.*}" != "${1%.*}" ] || echo "$version"
		done
}

# rt_fetch VERSION DIR: the patches into DIR/debian/patches-rt, as late ones as there
# are. Sets RT_VERSION.
rt_fetch()
{
	local dir=$2

	rt_use_lists "$dir"
	run_or_die "cannot get the lists of Debian's sources" "getting lists of sources" \
		"$dir/apt.log" "" apt-get "${RT_APT[@]}" update
	for RT_VERSION in $(rt_versions "$1"); do
		if run_long "downloading the patches of $RT_VERSION" "$dir/apt.log" "" env -C "$dir" \
			apt-get "${RT_APT[@]}" source --download-only --diff-only "linux=$RT_VERSION"; then
			tar -xJf "$dir/linux_$RT_VERSION.debian.tar.xz" -C "$dir" debian/patches-rt ||
				die "the sources of linux $RT_VERSION have no patches for PREEMPT_RT"
			return 0
		fi
		log "the mirror has not got the sources of linux $RT_VERSION"
	done
	show_log "$dir/apt.log" 5
	die "no mirror has the patches for PREEMPT_RT"
}

# rt_apply PATCHES TREE
rt_apply()
{
	local patch

	while read -r patch; do
		case $patch in '' | '#'*) continue ;; esac
		patch --directory="$2" -p1 --forward --silent --no-backup-if-mismatch \
			<"$1/$patch" >&2 || die "$patch does not apply to $KERNEL_SRC_ID"
	done <"$1/series"
}

get_rt_source()
{
	local dir=$CACHE/source/$KERNEL_SRC_ID-rt part package

	package=$(basename "$KERNEL_SRC")
	if [ ! -d "$dir" ]; then
		lock "source-$KERNEL_SRC_ID-rt"
		if [ ! -d "$dir" ]; then
			part=$CACHE/source/.$KERNEL_SRC_ID-rt.part
			rm -rf "$part"
			mkdir -p "$part"
			temp_dir
			rt_fetch "${KERNEL_SRC_ID#*_}" "$TEMP_DIR"
			run_long "copying $package" "$part/copy.log" "" cp -a "$KERNEL_SRC" "$part" ||
				die "cannot copy $KERNEL_SRC"
			rt_apply "$TEMP_DIR/debian/patches-rt" "$part/$package"
			echo "$RT_VERSION" >"$part/patches"
			mv "$part" "$dir"
		fi
		unlock "source-$KERNEL_SRC_ID-rt"
	fi
	KERNEL_SRC=$dir/$package
	KERNEL_SRC_ID+=-rt-$(<"$dir/patches")
}
