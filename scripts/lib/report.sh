# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/bench sets
#
# The whole report of scripts/bench. To be sourced after bench.sh.
#
#   make_report   runs each part that has a place in the report, and puts together what
#                 they left in $out: report.txt, which it prints, and index.html, which
#                 shows the same with the plots

# What of a kernel's configuration bears on what is measured.
REPORT_CONFIG='PREEMPT_DYNAMIC PREEMPT_VOLUNTARY PREEMPT_LAZY PREEMPT PREEMPT_RT HZ
INIT_ON_ALLOC_DEFAULT_ON INIT_ON_FREE_DEFAULT_ON SLUB SLUB_CPU_PARTIAL SLUB_DEBUG
SLAB_FREELIST_RANDOM SLAB_FREELIST_HARDENED SLAB_MERGE_DEFAULT RANDOM_KMALLOC_CACHES
SHUFFLE_PAGE_ALLOCATOR HARDENED_USERCOPY PAGE_TABLE_CHECK KFENCE MEMCG MEMCG_KMEM
TRACEPOINTS JUMP_LABEL FUNCTION_TRACER RETPOLINE MITIGATION_RETPOLINE X86_KERNEL_IBT CFI'

make_report()
{
	local name skipped start=$SECONDS load failed=() names=() kind

	load=$(cut -d' ' -f1-3 /proc/loadavg)
	"$SCRIPTS/setup"
	: >"$out/left-out.txt"
	for kind in "${kinds[@]}"; do
		use_kernel "$kind"
	done
	[ -z "$quick" ] || [ ${#kinds[@]} -gt 1 ] ||
		echo "cost: other kernels than ${kinds[0]}" >>"$out/left-out.txt"
	for name in $(report_parts); do
		skipped=$(left_out "$name")
		[ -z "$skipped" ] || echo "$name: ${skipped#skip: }" >>"$out/left-out.txt"
		[[ $skipped == skip:* ]] || names+=("$name")
	done
	run_parts
	report_text >"$out/report.txt"
	report_html >"$out/index.html"
	cat "$out/report.txt"
	log "the report, with plots: $out/index.html"
	[ ${#failed[@]} -eq 0 ]
}

# left_out PART: what a quick run leaves out of it.
left_out()
(
	[ -n "$quick" ] || return 0
	load_part "$1"
	declare -F "quick_$1" >/dev/null || return 0
	"quick_$1"
)

# All at once: their guests see to it that what must run alone does (guest_turn). What fails is
# said, and the others still run.
run_parts()
{
	local name start=$SECONDS next=10

	for name in "${names[@]}"; do
		start_part "$name"
	done
	while [ ${#PART_PID[@]} -gt 0 ]; do
		sleep 0.5
		for name in "${!PART_PID[@]}"; do
			kill -0 "${PART_PID[$name]}" 2>/dev/null || end_part "$name"
		done
		if [ $((SECONDS - start)) -ge "$next" ]; then
			log "$(duration $((SECONDS - start))): at work on ${!PART_PID[*]}"
			next=$((SECONDS - start + 30))
		fi
	done
}

declare -A PART_PID=() PART_START=()

# In a shell of its own, that ends where an error is; and a process group, to be ended by.
start_part()
{
	log "$1: $(part_title "$1")"
	set -m
	(
		set +m
		OWN_CHILDREN=() OWN_DIRS=()
		trap clean_up EXIT
		trap 'exit 143' TERM
		vm_options+=(--quiet)
		run_part "$1"
	) >"$out/$1.txt" </dev/null &
	set +m
	PART_PID[$1]=$!
	PART_START[$1]=$SECONDS
	own_child "${PART_PID[$1]}"
}

end_part()
{
	local status=0

	wait "${PART_PID[$1]}" || status=$?
	disown_child "${PART_PID[$1]}"
	unset "PART_PID[$1]"
	log "$1: done in $(duration $((SECONDS - PART_START[$1])))"
	[ "$status" -ne 0 ] || return 0
	failed+=("$1")
	log "$1: FAILED"
	echo "FAILED: this could not be run; see log/$1" >>"$out/$1.txt"
}

kernel_config()
{
	local file

	for file in "${KERNEL_IMAGE%/*}/config${KERNEL_IMAGE##*/vmlinuz}" "$KERNEL_KDIR/.config"; do
		if [ -r "$file" ]; then
			printf '%s\n' "$file"
			return
		fi
	done
	die "there is no configuration for $KERNEL_IMAGE"
}

show_config()
{
	local file name value options=''

	file=$(kernel_config)
	for name in $REPORT_CONFIG; do
		value=$(sed -n "s/^CONFIG_$name=//p" "$file")
		options+=" $name=${value:-n}"
	done
	fold -s -w 90 <<<"${options# }" | sed 's/ *$//; s/^/           /'
}

report_header()
{
	echo "dualtree: what it costs, and what the kernel's own allocators do"
	echo
	echo "Tree       $(tree_commit); scripts/bench${quick:+ --quick} --seed $seed," \
		"$(duration $((SECONDS - start)))"
	echo "Host       $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed -n 1p), $(nproc) CPUs," \
		"Linux $(uname -r), load $load at the start"
	echo "Guests     $(qemu-system-x86_64 --version | sed -n '1s/ version//p')"
	echo "           counted: TCG, -icount shift=0,sleep=off, one CPU;" \
		"timed: $(timed_by "$out/log/remote"), four CPUs"
	echo "Boot       $BOOT_OPTIONS"
	for kind in "${kinds[@]}"; do
		use_kernel "$kind"
		echo "Kernel     $(kernel_release)"
		show_config
	done
	[ ! -s "$out/cost.csv" ] || report_baselines
	if [ -s "$out/left-out.txt" ]; then
		echo "Left out   being quick:"
		sed 's/^/           /' "$out/left-out.txt"
	fi
}

report_baselines()
{
	awk -F '"' '
	$2 == "baseline" {
		kernel = $1
		sub(/,.*/, "", kernel)
		split($5, part, ",")
		if (!(kernel in line))
			kernels[++nr] = kernel
		line[kernel] = line[kernel] ", " $4 " " part[2]
	}
	END {
		for (i = 1; i <= nr; i++)
			printf "%-10s %s: %s\n", i == 1 ? "Baselines" : "", kernels[i],
				substr(line[kernels[i]], 3)
		if (nr)
			print "           (instructions; subtracted from nothing)"
	}' "$out/cost.csv"
}

# What has been left by the parts that ran: lines of PART.against and PART.bars.
part_lines()
{
	local name

	for name in "${names[@]}"; do
		[ ! -s "$out/$name.$1" ] || cat "$out/$name.$1"
	done
}

# Worst first.
report_against()
{
	part_lines against | awk -F '|' '
	$4 > 0 && $5 > 0 { printf "%.4f|%s\n", $4 / $5, $0 }' | sort -t '|' -k 1,1gr -s | awk -F '|' '
	function section(text)
	{
		printf "\n%s\n", text
		printf "%7s  %-18s %-34s %12s  %-20s %12s  %s\n", "ratio", "where", "operation",
			"dualtree", "peer", "", ""
	}
	{
		line = sprintf("%7.2f  %-18s %-34s %12s  %-20s %12s  %s", $1, $2, $3, $5, $4, $6, $7)
		if ($1 > 1)
			losses[++nr_losses] = line
		else
			wins[++nr_wins] = line
	}
	END {
		printf "Of %d comparisons dualtree takes more in %d, and as much or less in %d.\n",
			NR, nr_losses, nr_wins
		section("It loses:")
		for (i = 1; i <= nr_losses; i++)
			print losses[i]
		section("It wins:")
		for (i = nr_wins; i >= 1; i--)
			print wins[i]
	}'
}

report_bars()
{
	part_lines bars | awk -F '|' '
	function missed(by)
	{
		return sprintf("missed by %.0f %%", ($3 / by - 1) * 100)
	}
	function verdict()
	{
		if ($4 != "" && $3 > $4 + 0) {
			count["miss"]++
			return "must " missed($4)
		}
		if ($5 == "") {
			count["must"]++
			return "must reached"
		}
		if ($3 > $5 + 0) {
			count["must"]++
			return ($4 != "" ? "must reached, " : "") "goal " missed($5)
		}
		count["goal"]++
		return "goal reached"
	}
	NR == 1 {
		printf "%-18s %-42s %10s %8s %8s  %s\n", "where", "what", "measured", "must", "goal", ""
	}
	{
		printf "%-18s %-42s %10s %8s %8s  %s\n", $1, $2, $3, $4, $5, verdict()
	}
	END {
		printf "\nOf %d bars %d reach their goal, %d their must alone (some have no goal), %d neither.\n",
			NR, count["goal"], count["must"], count["miss"]
	}'
}

heading()
{
	printf '\n\n%s\n%s\n\n' "$1" "${1//?/=}"
}

report_text()
{
	local name

	report_header
	for name in "${names[@]}"; do
		heading "$(part_title "$name")"
		cat "$out/$name.txt"
	done
	heading "Where it wins, where it loses"
	report_against
	heading "Bars: what should come out, and what did"
	report_bars
}

html_text()
{
	echo '<pre>'
	sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'
	echo '</pre>'
}

html_part()
{
	local file

	echo "<h2 id=\"$1\">$(part_title "$1")</h2>"
	html_text <"$out/$1.txt"
	for file in "$out/$1".svg "$out/$1"-*.svg; do
		[ ! -e "$file" ] || echo "<p><img src=\"${file##*/}\" alt=\"${file##*/}\"></p>"
	done
	for file in "$out/$1".csv "$out/$1"-*.csv; do
		[ ! -e "$file" ] || echo "<a href=\"${file##*/}\">${file##*/}</a>"
	done
}

report_html()
{
	local name

	cat <<-'END'
		<!DOCTYPE html>
		<html lang="en"><head><meta charset="utf-8"><title>dualtree: what it costs</title>
		<style>
		body { font-family: sans-serif; max-width: 75em; margin: 2em auto; padding: 0 1em }
		pre { overflow-x: auto; font-size: 85%; line-height: 1.35 }
		img { max-width: 100%; border: 1px solid #ddd }
		</style></head><body>
		<h1>dualtree: what it costs</h1>
	END
	report_header | sed 1,2d | html_text
	echo '<h2>Where it wins, where it loses</h2>'
	report_against | html_text
	echo '<h2>Bars: what should come out, and what did</h2>'
	report_bars | html_text
	for name in "${names[@]}"; do
		html_part "$name"
	done
	echo '</body></html>'
}
