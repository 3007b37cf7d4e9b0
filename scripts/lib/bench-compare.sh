# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Two reports' counted instructions side by side.
#
# help: compare DIR DIR
# help:                what cost left in two directories (--out), with the differences of more
# help:                than 1 %, and how many there are of less. Needs no guest

bench_compare()
{
	local dir

	[ $# -eq 2 ] || die "two directories are to be compared (see --help)"
	for dir in "$@"; do
		[ -r "$dir/cost.csv" ] || die "there is no cost.csv in $dir"
	done
	dualtree_report compare "$out" "$@"
}
