# SPDX-License-Identifier: GPL-2.0
#
# A table for each operation of a curve, with a column for each contender. Reads
# "CONTENDER|OPERATION|X|COST"; label is what x is.

BEGIN {
	FS = "|"
}

{
	if (!($2 in seen_operation))
		operation[++operations] = $2
	seen_operation[$2] = 1
	if (!(($2, $1) in seen))
		contender[$2, ++contenders[$2]] = $1
	seen[$2, $1] = 1
	if (!($3 in seen_x))
		x[++xs] = $3
	seen_x[$3] = 1
	cost[$2, $1, $3] = sprintf("%.1f", $4)
	has[$2, $3] = 1
}

# Not every contender has all of them.
function sort_x(   i, j, value)
{
	for (i = 2; i <= xs; i++) {
		value = x[i]
		for (j = i - 1; j >= 1 && x[j] + 0 > value + 0; j--)
			x[j + 1] = x[j]
		x[j + 1] = value
	}
}

function cell(what, who, at)
{
	return (what, who, at) in cost ? cost[what, who, at] : "-"
}

END {
	sort_x()
	for (o = 1; o <= operations; o++) {
		what = operation[o]
		printf "\n%-24s", what
		for (c = 1; c <= contenders[what]; c++)
			printf " %18s", contender[what, c]
		printf "\n%-24s\n", label
		for (i = 1; i <= xs; i++) {
			if (!((what, x[i]) in has))
				continue
			printf "%-24s", x[i]
			for (c = 1; c <= contenders[what]; c++)
				printf " %18s", cell(what, contender[what, c], x[i])
			print ""
		}
	}
	print ""
}
