# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # what scripts/bench sets
#
# The whole report of scripts/bench. To be sourced after bench.sh.
#
#   make_report   runs each part that has a place in the report, and puts together what
#                 they left in $out: report.txt, which it prints, and index.html, which
#                 shows the same with the plots
#   remake_report the same of what an earlier run has left there

make_report()
{
	local name skipped start=$SECONDS load failed=() names=() kind

	load=$(cut -d' ' -f1-3 /proc/loadavg)
	"$SCRIPTS/setup"
	apt_install gnuplot-nox
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
	leave_args
	show_report
	[ ${#failed[@]} -eq 0 ]
}

show_report()
{
	local name args

	name=$(basename "$PROJECT")
	mapfile -t args <"$out/report.args"
	# Figures that this run has no data of: single parts, and scripts/nic, may have left some.
	dualtree_report summary "$out" "${args[@]}" --figures "$CACHE/bench/$name-cost" \
		--figures "$CACHE/bench/$name-footprint" --figures "$CACHE/log/$name-nic-stock/iommu"
	cat "$out/report.txt"
	log "the report, with plots: $out/index.html"
}

remake_report()
{
	[ -r "$out/report.args" ] || die "there is no report in $out: run scripts/bench without --again"
	show_report
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

# What dualtree_report summary needs to know of this run, a word a line.
leave_args()
{
	local name kind parts=() kernels=()

	for name in "${names[@]}"; do
		parts+=("$name=$(part_title "$name")")
	done
	for kind in "${kinds[@]}"; do
		use_kernel "$kind"
		kernels+=(--kernel "$(kernel_release)=$(kernel_config)")
	done
	printf '%s\n' "${parts[@]}" "${kernels[@]}" --load "$load" \
		--tree "$(tree_commit); scripts/bench${quick:+ --quick} --seed $seed, \
$(duration $((SECONDS - start)))" --made "$(date '+%F %H:%M')" \
		--guests "$(qemu-system-x86_64 --version | sed -n '1s/ version//p')" \
		--timed "$(timed_by "$out/log/remote")" --boot "$BOOT_OPTIONS" >"$out/report.args"
}
