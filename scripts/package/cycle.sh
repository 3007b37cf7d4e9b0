#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: cycle.sh KERNEL-RELEASE VERSION NEXT-VERSION STEP...
#
# Runs as root in a Debian that is thrown away (scripts/lib/package.sh), with dkms and the
# headers of KERNEL-RELEASE. /in/now and /in/next hold the packages of both versions, /in/driver
# the driver of driver.rst, /in/tree the sources; what is written into /out is kept.
# Steps, each of which says "ok: " at its end, and any failure ends all:
#
#   first    install the packages
#   driver   build the driver of driver.rst, and a file for each public header
#   upgrade  to the next version
#   remove   purge them: nothing is left
#   dkms     dkms alone, from the tree: install, remove
#   make     make, make install, the driver with that, make clean
set -euo pipefail

release=$1 version=$2 next=$3
shift 3
kernel=/lib/modules/$release
build=$kernel/build

failed()
{
	echo "FAILED: $*"
	exit 1
}

# What is there, but for what packages and dkms itself write down wherever they are used.
listing()
{
	find / -xdev \( -path /proc -o -path /in -o -path /out -o -path /tmp -o -path /root \
		-o -path /var/log -o -path /var/lib/dpkg -o -path /var/cache -o -path /var/lib/apt \) \
		-prune -o ! -path '/usr/lib/modules/*/modules.*' ! -path '/var/lib/dkms/mok.*' -print | sort
}

unchanged_since()
{
	listing | diff "$1" - || failed "$2 left or took files"
}

# modules_are VERSION NAME...: these, of this version, and no other.
modules_are()
{
	local wanted=$1 name found

	shift
	found=$(find "$kernel" -name '*.ko*' -newer /tmp/start -printf '%f\n' |
		sed 's/\.ko.*//' | sort | xargs)
	[ "$found" = "$*" ] || failed "the modules are '$found', not '$*'"
	for name in "$@"; do
		[ "$(modinfo -k "$release" -F version "$name")" = "$wanted" ] ||
			failed "$name is not of version $wanted"
		[ -n "$(modinfo -k "$release" -F srcversion "$name")" ] || failed "no srcversion"
	done
}

# dkms_says VERSION: one version is there, and it is installed for this kernel.
dkms_says()
{
	dkms status
	[ "$(dkms status | grep -c '^dualtree')" -eq 1 ] || failed "dkms has not one version"
	grep -q "^dualtree/$1, $release, [^ ]*: installed" <<<"$(dkms status)" ||
		failed "dkms has not installed $1"
	grep -q dualtree_alloc /var/lib/dkms/dualtree/kernel-"$release"-*/Module.symvers ||
		failed "dkms has not kept Module.symvers"
}

step_first()
{
	apt-get install -y /in/now/*.deb
	dkms_says "$version"
	modules_are "$version" dualtree dualtree_netbuf
	modprobe --dry-run --set-version "$release" dualtree_netbuf || failed "depmod has not run"
}

# In /tmp/driver: the driver as the page has it, then with an object for each public header.
build_driver()
{
	local header

	rm -rf /tmp/driver
	cp -r /in/driver /tmp/driver
	for header in /usr/src/dualtree/include/dualtree/*.h; do
		echo "#include <dualtree/${header##*/}>" >"/tmp/driver/with_$(basename "$header" .h).c"
		echo "keeper-y += with_$(basename "$header" .h).o"
	done >/tmp/driver/headers
	make -C "$build" M=/tmp/driver modules
	[ "$(modinfo -F depends /tmp/driver/keeper.ko)" = dualtree ] ||
		failed "the driver depends on other modules than dualtree"
	cp /tmp/driver/keeper.ko /out
	make -C "$build" M=/tmp/driver clean
	mv /tmp/driver/keeper.c /tmp/driver/driver.c
	{ echo "keeper-y := driver.o" && cat /tmp/driver/headers; } >>/tmp/driver/Kbuild
	make -C "$build" M=/tmp/driver modules
}

step_driver()
{
	build_driver
	find "$kernel/updates" -name 'dualtree.ko*' -exec cp {} /out \;
	[ ! -e /out/dualtree.ko.xz ] || unxz -f /out/dualtree.ko.xz
	cp /var/lib/dkms/mok.pub /out
	[ -n "$(modinfo -F signer /out/dualtree.ko)" ] || failed "dkms has not signed dualtree.ko"
}

step_upgrade()
{
	apt-get install -y /in/next/*.deb
	dkms_says "$next"
	modules_are "$next" dualtree dualtree_netbuf
	[ ! -e "/usr/src/dualtree-$version" ] || failed "the old sources are still there"
	build_driver
}

step_remove()
{
	apt-get purge -y dualtree-dkms dualtree-dev
	unchanged_since /tmp/before "a purge"
}

step_dkms()
{
	(cd /in/tree && dkms install . -k "$release")
	dkms_says "$version"
	modules_are "$version" dualtree dualtree_netbuf
	dkms remove "dualtree/$version" --all
	rm -r "/usr/src/dualtree-$version"
	unchanged_since /tmp/before "dkms"
}

step_make()
{
	local sources=/tmp/tree

	cp -r /in/tree "$sources"
	(cd "$sources" && find . | sort) >/tmp/tree-before
	if make -C "$sources" clean >/tmp/said 2>&1; then
		failed "make clean does without the headers of the running kernel"
	fi
	grep -q 'Install the headers' /tmp/said || failed "make clean does not say what is missing"
	make -C "$sources" KDIR="$build" install
	modules_are "$version" dualtree dualtree_netbuf
	build_driver
	make -C "$sources" KDIR="$build" clean
	(cd "$sources" && find . | sort) | diff /tmp/tree-before - || failed "make clean left files"

	rm -r /usr/src/dualtree/"$release"
	if make -C "$build" M=/tmp/driver modules >/tmp/said 2>&1; then
		failed "a driver is built without Module.symvers"
	fi
	grep "dualtree is not installed for kernel $release" /tmp/said ||
		failed "a driver's build does not say that dualtree is missing"
	make -C "$build" M=/tmp/driver clean || failed "a driver cannot be cleaned"
}

touch /tmp/start
listing >/tmp/before
for step in "$@"; do
	echo "== $step"
	"step_$step"
	echo "ok: $step"
done
