# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Nanoseconds of an operation, and of other allocators' in the same run, under user-mode Linux.
#
# help: native [--rounds N]
# help:                nanoseconds of an operation in user-mode Linux, where all that allocate
# help:                take turns: medians of N rounds (default 41), and their ratios. The first
# help:                time it builds a kernel, in some minutes; then it takes one
# report 15: What an operation takes, natively

NATIVE_ROUNDS=41
# Of the part alone, with --quick.
NATIVE_QUICK_ROUNDS=11
NATIVE_TIMEOUT=900
# What of the kernel's configuration bears on the times.
NATIVE_CONFIG='CC_OPTIMIZE_FOR_PERFORMANCE SMP PREEMPT_COUNT SLUB SLUB_DEBUG SLAB_FREELIST_HARDENED
SLAB_FREELIST_RANDOM MEMCG TRACEPOINTS JUMP_LABEL RETPOLINE HZ'

quick_native()
{
	echo "skip: modules for another kernel, and that kernel if it is not there yet, take too long"
}

bench_native()
{
	local rounds=$NATIVE_ROUNDS load cpu

	[ -z "$quick" ] || rounds=$NATIVE_QUICK_ROUNDS
	if [ "${1-}" = --rounds ]; then
		need_value "$1" $#
		rounds=$2
		shift 2
	fi
	case $rounds in '' | *[!0-9]*) die "--rounds $rounds: not a number" ;; esac
	no_more "$@"
	use_kernel uml
	load=$(cut -d' ' -f1-3 /proc/loadavg)
	cpu=$(native_cpu)
	echo "native dualtree_native.ko results,time seed=$seed rounds=$rounds" >"$log_dir/plan"
	run_guest "$log_dir" dualtree_native --uml --pin "$cpu" --timeout "$NATIVE_TIMEOUT"
	sed -n 's/^native results //p' "$log_dir/report.txt" >"$log_dir/results"
	native_conditions "$rounds" "$load" "$cpu"
	native_summary <"$log_dir/results" >"$out/native.csv"
	echo
	native_table <"$out/native.csv"
	echo
	native_without_irqsave <"$out/native.csv"
	native_plot "$out/native-ns.svg" <"$out/native.csv"
	native_against <"$out/native.csv" >"$out/native.against"
	native_bars <"$out/native.csv" >"$out/native.bars"
}

# The last of those that we may run on: the first has more to do with interrupts.
native_cpu()
{
	taskset -cp $$ | sed 's/.*[^0-9]//'
}

# native_conditions ROUNDS LOAD CPU
native_conditions()
{
	local rounds=$1 load=$2 cpu=$3 name value options=''

	for name in $NATIVE_CONFIG; do
		value=$(sed -n "s/^CONFIG_$name=//p" "$KERNEL_KDIR/.config")
		options+=" $name=${value:-n}"
	done
	echo "User-mode Linux $(<"$KERNEL_KDIR/include/config/kernel.release"), $rounds rounds," \
		"seed $seed, $BOOT_OPTIONS, tree $(tree_commit)"
	fold -s -w 96 <<<"Configuration:$options" | sed '2,$s/^/    /'
	echo "Host: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed -n 1p), $(nproc) CPUs," \
		"Linux $(uname -r); load $load at the start"
	sed -n 's/^native time //p' "$log_dir/report.txt" | awk -F '|' -v cpu="$cpu" '{
		printf "Pinned to CPU %s, of which it had %.0f %% (%.1f s of %.1f s); times are of what it had\n",
			cpu, $1 * 100 / $2, $1 / 1e9, $2 / 1e9
	}'
}

# Of lines CONTENDER|OPERATION|ROUND|OPERATIONS|NANOSECONDS, as CSV: medians and quartiles of an
# operation's time; and where it is not ours, what dualtree takes of that: the ratio of the
# medians, and the quartiles of the ratios in a round.
native_summary()
{
	BARS=$PROJECT/bench/native.bars awk -F '|' "$(<"$SCRIPTS/lib/quantile.awk")"'
	function three(values, n, format)
	{
		return sprintf(format "," format "," format, quantile(values, n, 0.5),
			quantile(values, n, 0.25), quantile(values, n, 0.75))
	}
	BEGIN {
		while ((getline text <ENVIRON["BARS"]) > 0)
			if (text !~ /^#/ && split(text, bar, "|") == 4)
				bars[bar[1], bar[2]] = bar[3] "," bar[4]
		print "operation,contender,rounds,ns,quartile,quartile,dualtree of it,quartile," \
			"quartile,must,goal"
	}
	{
		key = $1 "|" $2
		if (!(key in rounds)) {
			row[++rows] = key
			contender[key] = $1
			operation[key] = $2
		}
		ns[key, ++rounds[key]] = $5 / $4
	}
	END {
		for (r = 1; r <= rows; r++) {
			key = row[r]
			n = rounds[key]
			ours = "dualtree|" operation[key]
			for (i = 1; i <= n; i++)
				times[i] = ns[key, i]
			line = sprintf("\"%s\",\"%s\",%d,%s,", operation[key], contender[key], n,
				three(times, n, "%.2f"))
			theirs = quantile(times, n, 0.5)
			if (contender[key] ~ /^(dualtree|baseline)/ || !(ours in rounds)) {
				print line ",,,,"
				continue
			}
			for (i = 1; i <= n; i++) {
				times[i] = ns[ours, i]
				ratios[i] = ns[ours, i] / ns[key, i]
			}
			end = ","
			if ((operation[key], contender[key]) in bars)
				end = bars[operation[key], contender[key]]
			printf "%s%.3f,%.3f,%.3f,%s\n", line, quantile(times, n, 0.5) / theirs,
				quantile(ratios, n, 0.25), quantile(ratios, n, 0.75), end
		}
	}'
}

# native_awk PROGRAM: for each line of native.csv; PROGRAM may go on with "} END {".
native_awk()
{
	awk '
	# Names have commas in them, and are quoted.
	function fields(line,   i, part)
	{
		split(line, part, "\"")
		operation = part[2]
		contender = part[4]
		split(substr(part[5], 2), field, ",")
		rounds = field[1]
		ns = field[2]
		ratio = field[5]
		must = field[8]
		goal = field[9]
	}
	NR > 1 {
		fields($0)
		'"$1"'
	}'
}

native_table()
{
	printf '%-26s %-24s %24s  %22s %6s %6s\n' operation contender 'ns, median (quartiles)' \
		'dualtree takes of it' must goal
	native_awk '
		if (NR > 2 && operation != last && contender != "baseline")
			print ""
		last = operation
		printf "%-26s %-24s %24s  %22s %6s %6s\n", operation, contender,
			sprintf("%.1f (%.1f..%.1f)", ns, field[3], field[4]),
			ratio == "" ? "" : sprintf("%.2f (%.2f..%.2f)", ratio, field[6], field[7]),
			must, goal
	'
}

# SLUB's fast path takes no irqsave on x86, and here one each way.
native_without_irqsave()
{
	native_awk '
		if (operation == "irqsave")
			irqsave = ns
		if (contender == "dualtree")
			ours[operation] = ns
		if (contender == "kmalloc")
			printf "%-26s %-24s %24.1f  %22.2f\n", operation,
				"kmalloc less 2 x irqsave", ns - 2 * irqsave,
				ours[operation] / (ns - 2 * irqsave)
	'
}

# dualtree EXACT_FIT is compared as well.
native_against()
{
	native_awk '
		if (contender == "baseline")
			next
		if (contender ~ /^dualtree/) {
			if (operation != last)
				nr = 0
			last = operation
			name[++nr] = operation substr(contender, length("dualtree") + 1)
			ours[nr] = ns
			next
		}
		for (i = 1; i <= nr; i++)
			printf "native|%s|%s|%s|%s|ns\n", name[i], contender, ours[i], ns
	'
}

native_bars()
{
	native_awk '
		if (must != "" || goal != "")
			printf "native|%s, of %s|%.2f|%s|%s|\n", operation, contender, ratio, must, goal
	'
}

# native_plot FILE: of native.csv; a point for each median, and a bar from quartile to quartile.
native_plot()
{
	native_awk '
		if (contender == "baseline")
			next
		if (!(operation in place)) {
			place[operation] = ++operations
			tics = tics (operations > 1 ? ", " : "") "\"" operation "\" " operations
		}
		if (!(contender in index_of)) {
			index_of[contender] = ++contenders
			title[contenders] = contender
		}
		c = index_of[contender]
		data[c] = data[c] sprintf("%.2f %s %s %s\n", place[operation] + (c - 3.5) / 10, ns,
			field[3], field[4])
	}
	END {
		print "set key noenhanced"
		print "set logscale y"
		print "set ylabel \"nanoseconds of an operation\""
		printf "set xtics (%s) rotate by -35\n", tics
		printf "set xrange [0.5:%.1f]\n", operations + 0.5
		printf "plot "
		for (c = 1; c <= contenders; c++)
			printf "%s\"-\" using 1:2:3:4 with yerrorbars title \"%s\"", (c > 1 ? ", " : ""),
				title[c]
		print ""
		for (c = 1; c <= contenders; c++)
			printf "%se\n", data[c]
	' | plot "$1" 'What an operation takes, natively (user-mode Linux, one CPU)'
}
