# SPDX-License-Identifier: GPL-2.0
#
# Debian's packages: which are there, what a meta package means today, and how
# to get one without installing it. To be sourced after common.sh.
#
# Promises: apt-get update runs at most once, and only when something that is
# needed is unknown or missing.

APT_UPDATED=

apt_update()
{
	[ -z "$APT_UPDATED" ] || return 0
	APT_UPDATED=yes
	log "refreshing the package lists"
	as_root apt-get update -qq >&2 || die "apt-get update failed: no network, or no package sources?"
}

# apt_install PACKAGE[=VERSION]...: nothing happens for those that are there.
apt_install()
{
	local package installed missing=() install=()

	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n${db:Status-Status} ${Package}=${Version}\n' \
		"${@%%=*}" 2>/dev/null) || true
	for package in "$@"; do
		grep -qxF -- "installed $package" <<<"$installed" || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	apt_update
	log "installing ${missing[*]}"
	mkdir -p "$CACHE/log"
	# Another of these scripts, or the machine's own upgrade, may be installing something now.
	install=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600
		-o Dpkg::Use-Pty=0 install -y -qq --no-install-recommends "${missing[@]}")
	if [ "$(id -u)" -eq 0 ]; then
		run_or_die "cannot install ${missing[*]}" "installing packages" "$CACHE/log/apt.log" "" \
			"${install[@]}"
	else
		# In the foreground: sudo may want to ask for a password.
		as_root "${install[@]}" >&2 || die "cannot install ${missing[*]}"
	fi
}

# apt_resolve META PATTERN: the package matching PATTERN that META depends on.
apt_resolve()
{
	apt-cache depends "$1" 2>/dev/null |
		awk -v pattern="$2" '$1 == "Depends:" && $2 ~ pattern && !found++ { print $2 }'
}

# apt_resolve_or_die META PATTERN: the same into RESOLVED, and the version that apt would
# install now into RESOLVED_VERSION.
apt_resolve_or_die()
{
	RESOLVED=$(apt_resolve "$1" "$2")
	if [ -z "$RESOLVED" ]; then
		apt_update
		RESOLVED=$(apt_resolve "$1" "$2")
	fi
	[ -n "$RESOLVED" ] || die "apt knows no package $1 that leads to $2"
	RESOLVED_VERSION=$(apt-cache policy "$RESOLVED" |
		awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }')
	[ -n "$RESOLVED_VERSION" ] || die "apt has no version of $RESOLVED"
}

download_size()
{
	echo "$(du -sm "$(dirname "$1")" | cut -f1) MB"
}

# apt_download PACKAGE VERSION DIR: puts the .deb into DIR; DEB names it.
apt_download()
{
	local attempt

	DEB=
	mkdir -p "$3"
	for attempt in 1 2; do
		# Without the sandbox user apt would warn that _apt may not write here.
		if run_long "downloading $1" "$3/download.log" download_size \
			env -C "$3" apt-get download -o APT::Sandbox::User=root "$1=$2"; then
			DEB=$(find "$3" -name "${1}_*.deb" -print -quit)
			break
		fi
		# The lists may be older than the archive: once more with new ones.
		[ "$attempt" -eq 2 ] || apt_update
	done
	[ -n "$DEB" ] || {
		show_log "$3/download.log" 5
		die "cannot download $1 $2"
	}
}
