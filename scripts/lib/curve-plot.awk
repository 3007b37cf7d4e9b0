# SPDX-License-Identifier: GPL-2.0
#
# The gnuplot commands for a curve, both axes logarithmic. Reads "CONTENDER|OPERATION|X|COST";
# label is what x is, base what its ticks are powers of. A contender has a colour, the same in
# all curves, an operation a dash; where there is one contender, an operation has a colour.

BEGIN {
	FS = "|"
	# Of the eight that plot.sh sets.
	BLACK = 7
	colours = split("dualtree|dualtree EXACT_FIT|kmalloc|gen_pool first fit|page_frag|alloc_pages",
		known, "|")
	for (i = 1; i <= colours; i++)
		colour[known[i]] = i
}

{
	line = $1 ", " $2
	if (!($1 in colour))
		colour[$1] = ++colours
	if (!($1 in seen_contender))
		contender[++contenders] = $1
	if (!($2 in dash)) {
		operation[++operations] = $2
		dash[$2] = operations
	}
	if (!(line in data)) {
		name[++lines] = line
		of_contender[line] = $1
		of_operation[line] = $2
	}
	seen_contender[$1] = 1
	data[line] = data[line] $3 " " $4 "\n"
	if (NR == 1 || $4 < least)
		least = $4
	if (NR == 1 || $4 > most)
		most = $4
}

# At least two octaves and a bit: or a slope that is none would look like one.
function y_axis(   margin, unit, ticks)
{
	margin = most / least < 4 ? 2 : 1.25
	printf "set yrange [%g:%g]\n", least / margin, most * margin
	for (unit = 1; unit <= most * margin; unit *= 10)
		ticks = ticks sprintf("%s%d, %d, %d", ticks ? ", " : "", unit, 2 * unit, 5 * unit)
	print "set ytics (" ticks ")"
}

function style(c, d)
{
	return sprintf("linetype %d dashtype %d", contenders == 1 ? d : c, d)
}

# What colours are, and dashes, where both say something.
function key(   i)
{
	for (i = 1; contenders > 1 && i <= contenders; i++)
		printf ", \\\n\tkeyentry with linespoints linetype %d title '%s'",
			colour[contender[i]], contender[i]
	for (i = 1; operations > 1 && i <= operations; i++)
		printf ", \\\n\tkeyentry with lines %s title '%s'", style(BLACK, i), operation[i]
}

END {
	print "set logscale x " base
	print "set logscale y"
	y_axis()
	print "set key noenhanced"
	print "set xlabel '" label "'"
	print "set ylabel 'instructions'"
	print "set format x '" (base == 2 ? "%.0f" : "%.0s%c") "'"
	for (i = 1; i <= lines; i++)
		printf "$line%d << EOD\n%sEOD\n", i, data[name[i]]
	for (i = 1; i <= lines; i++)
		printf "%s$line%d using 1:2 with linespoints %s notitle", i == 1 ? "plot " : ", \\\n\t",
			i, style(colour[of_contender[name[i]]], dash[of_operation[name[i]]])
	key()
	print ""
}
