# SPDX-License-Identifier: GPL-2.0
#
# The version, which is written in include/dualtree/version.h and nowhere else. To be sourced
# after common.sh.
#
#   project_version    prints it
#   check_version      prints what does not agree with it: the topmost entry of CHANGELOG.md,
#                      what dkms would read, a tag of the checked-out commit

project_version()
{
	sed -n 's/^#define DUALTREE_VERSION "\(.*\)"/\1/p' "$PROJECT/include/dualtree/version.h"
}

# version_agrees WHAT VALUE VERSION
version_agrees()
{
	[ "$2" = "$3" ] || {
		echo "$1 says '$2', include/dualtree/version.h says '$3'"
		return 1
	}
}

check_version()
{
	local version tag status=0

	version=$(project_version)
	[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || {
		echo "include/dualtree/version.h: '$version' is not MAJOR.MINOR.PATCH"
		return 1
	}
	version_agrees CHANGELOG.md "$(sed -n 's/^## \(.*\) (.*)$/\1/p' "$PROJECT/CHANGELOG.md" |
		sed -n 1p)" "$version" || status=1
	version_agrees dkms.conf "$(bash -c '. "$1" && echo "$PACKAGE_VERSION"' - \
		"$PROJECT/dkms.conf")" "$version" || status=1
	# No repository, or one without a commit, has no tag.
	for tag in $(git -C "$PROJECT" tag --points-at HEAD 'v[0-9]*' 2>/dev/null); do
		version_agrees "tag $tag" "${tag#v}" "$version" || status=1
	done
	return "$status"
}
