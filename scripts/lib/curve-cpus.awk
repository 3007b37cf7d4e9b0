# SPDX-License-Identifier: GPL-2.0
#
# The curve of CPUs, as a table (show=table), as gnuplot commands (show=plot), or as lines
# WHERE|OPERATION|PEER|OURS|THEIRS|UNIT (show=against). Reads "CONTENDER|OPERATION|CPUS|NANOSECONDS"
# once for each round, nanoseconds for one operation of all CPUs together.

BEGIN {
	FS = "|"
}

{
	if ($3 > most)
		most = $3
	rate[$1, $3, ++rounds[$1, $3]] = 1000 / $4
}

function quantile_of(who, cpus, part,   i, values)
{
	for (i = 1; i <= rounds[who, cpus]; i++)
		values[i] = rate[who, cpus, i]
	return quantile(values, rounds[who, cpus], part)
}

# Contenders of one round ran one after the other.
function ratio(cpus, part,   i, values)
{
	for (i = 1; i <= rounds["dualtree", cpus]; i++)
		values[i] = rate["dualtree", cpus, i] / rate["kmalloc", cpus, i]
	return quantile(values, rounds["dualtree", cpus], part)
}

function three(who, cpus)
{
	return sprintf("%.2f (%.2f..%.2f)", quantile_of(who, cpus, 0.5), quantile_of(who, cpus, 0.25),
		quantile_of(who, cpus, 0.75))
}

function table(   cpus)
{
	printf "\n%-5s %26s %8s %26s %8s %22s\n", "CPUs", "dualtree, million/s", "of one",
		"kmalloc, million/s", "of one", "dualtree/kmalloc"
	printf "%-5s %26s %8s %26s %8s %22s\n", "", "median (quartiles)", "CPU", "median (quartiles)",
		"CPU", "median of rounds"
	for (cpus = 1; cpus <= most; cpus++)
		printf "%-5d %26s %8.2f %26s %8.2f %22s\n", cpus, three("dualtree", cpus),
			quantile_of("dualtree", cpus, 0.5) / quantile_of("dualtree", 1, 0.5),
			three("kmalloc", cpus),
			quantile_of("kmalloc", cpus, 0.5) / quantile_of("kmalloc", 1, 0.5),
			sprintf("%.2f (%.2f..%.2f)", ratio(cpus, 0.5), ratio(cpus, 0.25),
				ratio(cpus, 0.75))
}

function data(who, most,   cpus)
{
	printf "$%s << EOD\n", who
	for (cpus = 1; cpus <= most; cpus++)
		printf "%d %g %g %g\n", cpus, quantile_of(who, cpus, 0.5),
			quantile_of(who, cpus, 0.25), quantile_of(who, cpus, 0.75)
	print "EOD"
}

function plot()
{
	print "set xlabel 'CPUs'"
	print "set ylabel 'million pairs a second; median and quartiles of the rounds'"
	print "set xtics 1"
	print "set xrange [0.8:" most + 0.2 "]"
	print "set yrange [0:]"
	data("dualtree", most)
	data("kmalloc", most)
	print "plot $dualtree using 1:2:3:4 with yerrorlines linetype 1 title 'dualtree', " \
		"$kmalloc using 1:2:3:4 with yerrorlines linetype 3 title 'kmalloc'"
}

function against(   cpus)
{
	for (cpus = 1; cpus <= most; cpus++)
		printf "%s|pair 1500 B, on %d at once|kmalloc|%.0f|%.0f|ns\n", where, cpus,
			1000 / quantile_of("dualtree", cpus, 0.5),
			1000 / quantile_of("kmalloc", cpus, 0.5)
}

END {
	if (show == "plot")
		plot()
	else if (show == "against")
		against()
	else
		table()
}
