# SPDX-License-Identifier: GPL-2.0
#
# The gnuplot commands for a curve, both axes logarithmic. Reads "CONTENDER|OPERATION|X|COST";
# label is what x is, base what its ticks are powers of. A contender has a colour, the same in
# all curves, an operation a dash; where there is one contender, an operation has a colour.

BEGIN {
	FS = "|"
	colours = split("dualtree|dualtree EXACT_FIT|kmalloc|gen_pool first fit|page_frag|alloc_pages",
		known, "|")
	for (i = 1; i <= colours; i++)
		colour[known[i]] = i
}

{
	line = $1 ", " $2
	if (!(line in data)) {
		name[++lines] = line
		if (!($1 in colour))
			colour[$1] = ++colours
		if (!($1 in contender))
			contenders++
		contender[$1] = 1
		if (!($2 in dash))
			dash[$2] = ++operations
		of_contender[line] = $1
		of_operation[line] = $2
	}
	data[line] = data[line] $3 " " $4 "\n"
	if (NR == 1 || $4 < least)
		least = $4
	if (NR == 1 || $4 > most)
		most = $4
}

END {
	print "set logscale x " base
	print "set logscale y 2"
	printf "set yrange [%g:%g]\n", least / 1.25, most * 1.25
	print "set key noenhanced maxcols 2"
	print "set xlabel '" label "'"
	print "set ylabel 'instructions'"
	print "set format x '" (base == 2 ? "%.0f" : "%.0s%c") "'"
	print "set format y '%.0f'"
	for (i = 1; i <= lines; i++)
		printf "$line%d << EOD\n%sEOD\n", i, data[name[i]]
	for (i = 1; i <= lines; i++) {
		c = colour[of_contender[name[i]]]
		d = dash[of_operation[name[i]]]
		if (contenders == 1)
			c = d
		printf "%s$line%d using 1:2 with linespoints linetype %d dashtype %d title '%s'",
			i == 1 ? "plot " : ", \\\n\t", i, c, d,
			contenders == 1 ? of_operation[name[i]] : name[i]
	}
	print ""
}
