# SPDX-License-Identifier: GPL-2.0
#
# Debian's packages of this tree, tried in a Debian of their own. To be sourced after
# common.sh, apt.sh, kernel.sh and build.sh.
#
#   package_build                 builds the packages, once; and once more as of a version that
#                                 is one higher, to upgrade to
#   package_run KIND OUT STEP...  runs steps of scripts/package/cycle.sh in a Debian that has
#                                 dkms and the headers of the kernel KIND, "stock" or
#                                 "stock-VERSION"; what they leave for us is in OUT
#
# The Debian is made by mmdebstrap, once for each kernel, and kept in the cache. A run sees it
# through an overlay in memory: it starts from the same each time and is gone with the last
# process in its mount namespace.
#
# Promises: of the machine neither dkms, /lib/modules, /usr/src nor the packages are touched.

# Raise it when a change to this file makes old roots worthless.
PACKAGE_ROOT_RECIPE=2
# openssl, for dkms signs if it is there.
PACKAGE_NAMES=(dkms make gcc libc6-dev openssl)

# A program may need root, and what runs in the background cannot be asked for a password.
root_command()
{
	ROOT_COMMAND=()
	[ "$(id -u)" -eq 0 ] && return 0
	as_root true
	ROOT_COMMAND=(sudo --non-interactive)
}

# package_find_kernel KIND: sets PACKAGE_RELEASE, PACKAGE_VERSION, PACKAGE_SUITE and
# PACKAGE_SOURCES, a list of sources.
package_find_kernel()
{
	local version suite base meta

	temp_dir
	PACKAGE_SOURCES=$TEMP_DIR/sources.list
	if [ "$1" = stock ]; then
		apt_resolve_or_die linux-image-amd64 '^linux-image-[0-9]'
		PACKAGE_RELEASE=${RESOLVED#linux-image-}
		PACKAGE_VERSION=$RESOLVED_VERSION
		# shellcheck source=/dev/null
		PACKAGE_SUITE=$(. /etc/os-release && echo "$VERSION_CODENAME")
		# shellcheck disable=SC2016 # apt's own placeholders
		apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
			'Created-By: Packages' 'Origin: Debian' | sort -u >"$PACKAGE_SOURCES"
		[ -s "$PACKAGE_SOURCES" ] || die "apt-get indextargets names no mirror of Debian"
		return
	fi
	read -r version suite base meta < <(release_row "$1") ||
		die "no suite is known that has the kernel $1"
	release_use_lists "$suite" "$base"
	lock "release-${RELEASE_LISTS##*/}"
	release_resolve "$version" "$suite" "$meta"
	unlock "release-${RELEASE_LISTS##*/}"
	PACKAGE_RELEASE=${RELEASE_PACKAGE#linux-image-}
	PACKAGE_VERSION=$RELEASE_VERSION
	PACKAGE_SUITE=$suite
	cp "$RELEASE_LISTS/sources.list" "$PACKAGE_SOURCES"
}

package_make_root()
{
	local part=$1.part

	apt_install mmdebstrap
	root_command
	mkdir -p "$(dirname "$part")"
	"${ROOT_COMMAND[@]}" rm -rf "$part"
	run_or_die "mmdebstrap fails; its log is $part.log" \
		"making a Debian with dkms and the headers of $PACKAGE_RELEASE" "$part.log" "" \
		"${ROOT_COMMAND[@]}" mmdebstrap --mode=root --variant=minbase \
		--include="linux-headers-$PACKAGE_RELEASE=$PACKAGE_VERSION" \
		--include="$(IFS=,; echo "${PACKAGE_NAMES[*]}")" \
		"$PACKAGE_SUITE" "$part" "$PACKAGE_SOURCES"
	"${ROOT_COMMAND[@]}" mv "$part" "$1"
}

# package_get_root KIND: sets PACKAGE_ROOT.
package_get_root()
{
	local id

	package_find_kernel "$1"
	id=$(tr '+~:' - <<<"package-${PACKAGE_RELEASE}_$PACKAGE_VERSION-r$PACKAGE_ROOT_RECIPE")
	PACKAGE_ROOT=$CACHE/root/$id
	[ ! -d "$PACKAGE_ROOT" ] || return 0
	lock "$id"
	[ -d "$PACKAGE_ROOT" ] || package_make_root "$PACKAGE_ROOT"
	unlock "$id"
}

# The next version, of a copy in which nothing else is different.
package_build_next()
{
	local next
	next=$(project_version | awk -F. '{ printf "%d.%d.%d\n", $1, $2, $3 + 1 }')
	temp_dir
	sync_sources "$PROJECT" "$TEMP_DIR/next"
	git -C "$TEMP_DIR/next" init -q
	sed -i "s/\"$(project_version)\"/\"$next\"/" "$TEMP_DIR/next/include/dualtree/version.h"
	sed -i "0,/^## /s/^## [^ ]*/## $next/" "$TEMP_DIR/next/CHANGELOG.md"
	"$TEMP_DIR/next/scripts/deb" --out "$PACKAGE_IN/next" >/dev/null
	PACKAGE_NEXT=$next
}

package_build()
{
	[ -z "${PACKAGE_IN-}" ] || return 0
	temp_dir
	PACKAGE_IN=$TEMP_DIR
	mkdir "$PACKAGE_IN"/{now,next,driver}
	"$SCRIPTS/deb" --out "$PACKAGE_IN/now" >/dev/null
	package_build_next
	python3 "$SCRIPTS/lib/page-files.py" "$PROJECT/Documentation/driver.rst" "$PACKAGE_IN/driver"
	sync_sources "$PROJECT" "$PACKAGE_IN/tree"
	rm "$PACKAGE_IN/tree.files"
	cp "$SCRIPTS/package/cycle.sh" "$PACKAGE_IN/cycle.sh"
}

# package_run KIND OUT STEP...
package_run()
{
	local kind=$1 out=$2 status=0

	shift 2
	package_build
	package_get_root "$kind"
	root_command
	temp_dir
	# shellcheck disable=SC2016 # for the shell inside
	run_long "packages on $PACKAGE_RELEASE" "$out/cycle.log" "" \
		"${ROOT_COMMAND[@]}" unshare --mount sh -c '
		root=$1 mem=$2 in=$3 out=$4
		mount -t tmpfs -o mode=755 none "$mem" && mkdir "$mem/upper" "$mem/work" "$mem/root" &&
		mount -t overlay -o "lowerdir=$root,upperdir=$mem/upper,workdir=$mem/work" \
			overlay "$mem/root" &&
		mkdir "$mem/root/in" "$mem/root/out" &&
		mount --bind "$in" "$mem/root/in" && mount --bind "$out" "$mem/root/out" &&
		mount -t proc proc "$mem/root/proc" || exit 125
		shift 4
		exec chroot "$mem/root" /usr/bin/env -i HOME=/root LC_ALL=C \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
			bash /in/cycle.sh "$@"' - \
		"$PACKAGE_ROOT" "$TEMP_DIR" "$PACKAGE_IN" "$out" \
		"$PACKAGE_RELEASE" "$(project_version)" "$PACKAGE_NEXT" "$@" || status=$?
	sed -n "s/^ok: /        $PACKAGE_RELEASE: /p" "$out/cycle.log" >&2
	[ "$status" -eq 0 ] || {
		echo "on $PACKAGE_RELEASE:"
		tail -n 25 "$out/cycle.log"
		return 1
	}
}

# check_package: the whole cycle, on Debian's kernel and on that of the next release.
check_package()
{
	local kind status=0

	for kind in stock stock-6.12; do
		temp_dir
		package_run "$kind" "$TEMP_DIR" first driver upgrade remove dkms make || status=1
	done
	package_lint || status=1
	return "$status"
}

package_lint()
{
	apt_install lintian
	lintian --allow-root --fail-on error,warning "$PACKAGE_IN"/now/*.deb
}

# package_modules: sets PACKAGE_OUT, a directory with dualtree.ko as dkms has built and signed it
# from the package, mok.pub, the key that it did that with, and keeper.ko, a driver.
package_modules()
{
	local out

	[ -z "${PACKAGE_OUT-}" ] || return 0
	temp_dir
	out=$TEMP_DIR
	package_run stock "$out" first driver || return 1
	get_kernel stock
	PACKAGE_OUT=$out
}

# check_driver: what driver.rst says comes out of what driver.rst holds.
check_driver()
{
	local log

	log=$CACHE/log/$(basename "$PROJECT")-driver
	package_modules || return 1
	guest_files "$PACKAGE_OUT"/{dualtree,keeper}.ko
	guest_run driver.sh "$log" --quiet "${GUEST_FILES[@]}" || return 1
	diff --label driver.rst --label guest -u "$PACKAGE_IN/driver/output" "$log/report.txt"
}
