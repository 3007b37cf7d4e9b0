# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/bench sets
#
# Instructions of an operation, counted by QEMU, on each kernel that was asked for.
#
# help: cost           instructions of an operation, of dualtree and of what the kernel has
# help:                already. QEMU's clock counts instructions, so nearly the same comes out
# help:                of every run, whatever else the machine does. Half a minute a kernel
# report 10: What an operation costs, in instructions

bench_cost()
{
	local kind

	no_more "$@"
	: >"$log_dir/results"
	for kind in "${kinds[@]}"; do
		use_kernel "$kind"
		cost_run "$log_dir/$kind"
		sed -n "s/^cost results /$(kernel_version)|/p" "$log_dir/$kind/report.txt" \
			>>"$log_dir/results"
		show_conditions "1 CPU, instructions counted, seed $seed"
	done
	cost_csv <"$log_dir/results" >"$out/cost.csv"
	cost_table <"$log_dir/results"
	cost_against <"$log_dir/results" >"$out/cost.against"
	cost_bars <"$log_dir/results" >"$out/cost.bars"
	while IFS= read -r kind; do
		cost_plot "$kind" <"$log_dir/results"
	done < <(cut -d '|' -f 1 "$log_dir/results" | sort -u)
}

# drm_mm is in a module of the kernel's own, and its rows are in one of ours.
cost_run()
{
	local dir=$1 files=dualtree_cost.ko options=() path

	mkdir -p "$dir"
	if [[ " ${BUILD_MODULES[*]} " == */dualtree_cost_drm.ko\ * ]]; then
		KERNELS_OWN=()
		add_kernels_own drm
		for path in "${KERNELS_OWN[@]}" "$(built_module dualtree_cost_drm)"; do
			files+=,$(basename "$path")
			options+=(--file "$path")
		done
	fi
	echo "cost $files results seed=$seed" >"$dir/plan"
	DUALTREE_ACCEL=icount run_guest "$dir" dualtree_cost "${options[@]}"
}

# add_kernels_own NAME: adds to KERNELS_OWN the kernel's own module, not compressed, after
# those that it needs. What is built in needs none.
add_kernels_own()
{
	local file needed

	file=$(find "$KERNEL_MODULES" -name "$1.ko" -o -name "$1.ko.xz" | sed -n 1p)
	[ -n "$file" ] || return 0
	for needed in $(modinfo -F depends "$file" | tr , ' '); do
		add_kernels_own "$needed"
	done
	if [[ $file == *.xz ]]; then
		temp_dir
		xz -dc "$file" >"$TEMP_DIR/$1.ko"
		file=$TEMP_DIR/$1.ko
	fi
	KERNELS_OWN+=("$file")
}

# cost_awk PROGRAM: of lines KERNEL|CONTENDER|OPERATION|OPERATIONS|NANOSECONDS; PROGRAM finds
# kernel[1..kernels], row[1..rows] with contender[row] and operation[row], cost[kernel, row],
# must[row] and goal[row], in the order in which they came.
cost_awk()
{
	BARS=$PROJECT/bench/cost.bars awk -F '|' '
	BEGIN {
		while ((getline text <ENVIRON["BARS"]) > 0) {
			if (text ~ /^#/ || split(text, bar, "|") < 4)
				continue
			must[bar[1] "|" bar[2]] = bar[3]
			goal[bar[1] "|" bar[2]] = bar[4]
		}
	}
	{
		key = $2 "|" $3
		if (!($1 in seen_kernel))
			kernel[++kernels] = $1
		if (!(key in contender))
			row[++rows] = key
		seen_kernel[$1] = 1
		contender[key] = $2
		operation[key] = $3
		cost[$1, key] = sprintf("%.1f", $5 / $4)
	}
	function is_ours(name)
	{
		return name ~ /^dualtree/
	}
	END {
		'"$1"'
	}'
}

cost_csv()
{
	echo "kernel,contender,operation,instructions,must,goal"
	cost_awk '
		for (i = 1; i <= rows; i++)
			for (k = 1; k <= kernels; k++)
				if ((kernel[k], row[i]) in cost)
					printf "%s,\"%s\",\"%s\",%s,%s,%s\n", kernel[k],
						contender[row[i]], operation[row[i]],
						cost[kernel[k], row[i]], must[row[i]], goal[row[i]]
	'
}

cost_table()
{
	cost_awk '
		printf "%-20s %-40s", "contender", "operation"
		for (k = 1; k <= kernels; k++)
			printf " %10s", kernel[k]
		printf " %8s %8s\n", "must", "goal"
		for (i = 1; i <= rows; i++) {
			if (i > 1 && contender[row[i]] != contender[row[i - 1]])
				print ""
			printf "%-20s %-40s", contender[row[i]], operation[row[i]]
			for (k = 1; k <= kernels; k++)
				printf " %10s", cost[kernel[k], row[i]]
			printf " %8s %8s\n", must[row[i]], goal[row[i]]
		}
	'
}

# A row of ours and one of another contender are about the same if they have the same name.
cost_against()
{
	cost_awk '
		for (i = 1; i <= rows; i++)
			for (j = 1; j <= rows; j++) {
				if (!is_ours(contender[row[i]]) || is_ours(contender[row[j]]) ||
				    operation[row[i]] != operation[row[j]])
					continue
				name = operation[row[i]]
				if (contender[row[i]] != "dualtree")
					name = name substr(contender[row[i]], length("dualtree") + 1)
				for (k = 1; k <= kernels; k++)
					printf "counted, %s|%s|%s|%s|%s|instructions\n", kernel[k],
						name, contender[row[j]], cost[kernel[k], row[i]],
						cost[kernel[k], row[j]]
			}
	'
}

cost_bars()
{
	cost_awk '
		for (i = 1; i <= rows; i++)
			for (k = 1; k <= kernels; k++)
				if (must[row[i]] || goal[row[i]])
					printf "counted, %s|%s, %s|%s|%s|%s|instructions\n", kernel[k],
						contender[row[i]], operation[row[i]],
						cost[kernel[k], row[i]], must[row[i]], goal[row[i]]
	'
}

# cost_plot KERNEL: rows that several contenders have, but for variants of dualtree.
cost_plot()
{
	cost_awk '
		for (i = 1; i <= rows; i++) {
			if (!(("'"$1"'", row[i]) in cost))
				continue
			of[operation[row[i]]] += !is_ours(contender[row[i]]) ||
				contender[row[i]] == "dualtree"
			if (!(contender[row[i]] in seen))
				who[++whos] = contender[row[i]]
			seen[contender[row[i]]] = 1
		}
		print "set style data histogram"
		print "set style histogram cluster gap 1"
		print "set style fill solid 0.9 noborder"
		print "set logscale y"
		print "set yrange [10:*]"
		print "set ylabel \"instructions\""
		print "set xtics rotate by -25"
		print "set rmargin 9"
		for (w = 1; w <= whos; w++) {
			data = ""
			points = 0
			for (i = 1; i <= rows; i++) {
				name = operation[row[i]]
				if (of[name] < 2 || name in done)
					continue
				done[name] = 1
				key = who[w] "|" name
				has = ("'"$1"'", key) in cost
				points += has
				data = data "\"" name "\" " (has ? cost["'"$1"'", key] : "NaN") "\n"
			}
			delete done
			if (!points)
				continue
			block = "$d" ++blocks
			printf "%s << EOD\n%sEOD\n", block, data
			plots = plots (blocks > 1 ? ", " : "") block \
				" using 2:xtic(1) title \"" who[w] "\""
		}
		print "plot " plots
	' | plot "$out/cost-$1.svg" "Instructions of an operation, Linux $1"
}
