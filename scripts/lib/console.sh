# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What a healthy kernel does not say. To be sourced.
#
#   console_findings FILE   prints "KIND: LINE" for every complaint in a console
#                           log; nothing for a clean one
#   console_races FILE      one line on the data races that KCSAN found and that
#                           are the kernel's own; nothing if there are none
#
# Promises: one table, used by real runs and by the self-check, which also reads
# selfcheck/console-samples.txt through it. The last rows catch what the table does not
# know by its particular marks.

# KIND, a tab, an extended regular expression for the message after the time stamp. The
# first match names a line, so the particular comes before the general.
CONSOLE_TABLE='
kasan	KASAN: 
lockdep	WARNING: possible (circular locking|recursive locking|irq lock inversion)
lockdep	WARNING: (inconsistent lock state|suspicious RCU usage|bad unlock balance|bad contention)
lockdep	WARNING: (held lock freed|lock held when returning|Nested lock was not taken)
lockdep	WARNING: .* still has locks held
lockdep	-safe -> .*-unsafe lock order detected
lockdep	INFO: (possible |trying to register non-static key)
lockdep	BUG: (Invalid wait context|MAX_LOCK|MAX_STACK_TRACE|key .* has not been registered)
lockdep	DEBUG_LOCKS_WARN_ON|turning off the locking correctness validator
atomic-sleep	sleeping function called from invalid context
atomic-sleep	scheduling while (atomic|in)
atomic-sleep	BUG: using .* in preemptible
atomic-sleep	[Vv]oluntary context switch within RCU
atomic-sleep	workqueue leaked (lock|atomic)|leaked lock or atomic
atomic-sleep	returned with (preemption imbalance|disabled interrupts)
atomic-sleep	softirq: huh, entered
leak	kmemleak: 
odebug	ODEBUG: 
ubsan	UBSAN: 
hang	blocked for more than [0-9]+ seconds
hang	soft lockup|[Hh]ard LOCKUP
hang	self-detected stall|detected (expedited )?stalls|kthread starved
hang	workqueue lockup
slub	^BUG [^ ]+ \((Not tainted|Tainted: .*)\): 
slub	Slab corruption|cache_from_obj|Wrong slab cache|Objects remaining in
list	list_(add|del) (corruption|double)
page	page allocation failure
page	BUG: Bad |page dumped because
page	Out of memory|oom-kill|invoked oom-killer
panic	Kernel panic
oops	[Uu]nable to handle|kernel NULL pointer dereference|Oops|general protection fault
oops	kernel BUG at|invalid opcode|divide error|double fault
oops	stack guard page|corrupted stack end|stack-protector
module	disagrees about version|Unknown symbol|version magic|Exec format error
module	refcount_t: |percpu ref .*<= 0|Trying to vfree
module	with parent .* already present|cannot create duplicate filename|tried to (add|init)
warning	WARNING|\[ cut here \]
bug	BUG|INFO: task
trace	Call [Tt]race:|RIP: 0010:|Internal error: |^Hardware name: 
'

# What has a word of the table in it and is no complaint: whole beginnings of messages. A kernel
# of ppc64el names its hardware when it boots; a splat there has other marks as well.
CONSOLE_HARMLESS='^kmemleak: (Kernel memory leak detector initialized|Automatic memory scanning thread)'
CONSOLE_HARMLESS+='|^Hardware name: IBM pSeries '

# A report of KCSAN goes from its title to a line of "=" and shows two stacks. 6.1 has races
# of its own that its developers accept; a report counts if a module is in it, in the title or
# in a frame, since kernels with KCSAN have no modules but ours. Frames of what was interrupted
# are not part of the access: a stack ends where an interrupt or a softirq begins. The other lines
# between, which another CPU may have printed, are judged as everywhere.
#
# Between the two notes of scripts/guest/init the kernel shows where its tasks are, because it was
# asked to. The traces there are no complaints; all else is judged as everywhere.
#
# read_console FILE FINDINGS RACES: prints "KIND: LINE" for complaints if FINDINGS is 1, and
# the titles of races without a module if RACES is.
read_console()
{
	# Not -v, which would eat backslashes.
	TABLE=$CONSOLE_TABLE HARMLESS=$CONSOLE_HARMLESS FINDINGS=$2 RACES=$3 awk '
	BEGIN {
		harmless = ENVIRON["HARMLESS"]
		findings = ENVIRON["FINDINGS"] + 0
		races = ENVIRON["RACES"] + 0
		rows = split(ENVIRON["TABLE"], row, "\n")
		for (i = 1; i <= rows; i++) {
			tab = index(row[i], "\t")
			if (!tab)
				continue
			kind[++kinds] = substr(row[i], 1, tab - 1)
			pattern[kinds] = substr(row[i], tab + 1)
		}
	}
	{
		sub(/\r+$/, "")
		text = $0
		sub(/^\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? ?/, "", text)
		if (text ~ /^BUG: KCSAN: /) {
			end_race()
			race = $0
			ours = 0
		}
		if (race != "") {
			if (text ~ /^====/)
				end_race()
			if (text !~ /^ /)
				interrupted = 0
			if (text ~ /^ (asm_|__do_softirq)/)
				interrupted = 1
			if (text ~ /\[[A-Za-z0-9_]+\]( |$)/ && !interrupted)
				ours = 1
			if (text ~ /^(BUG: KCSAN|Hardware name): /)
				next
		}
		if (text ~ /^dualtree-harness: no step for [0-9]+ seconds: /)
			asked = 1
		if (text ~ /^dualtree-harness: these were the blocked tasks/)
			asked = 0
		if (text ~ harmless || !findings)
			next
		for (i = 1; i <= kinds; i++) {
			if (text ~ pattern[i]) {
				if (asked && kind[i] == "trace")
					next
				print kind[i] ": " $0
				next
			}
		}
	}
	END { end_race() }
	function end_race()
	{
		if (race != "" && ours && findings)
			print "kcsan: " race
		if (race != "" && !ours && races) {
			sub(/^.*BUG: KCSAN: /, "", race)
			print race
		}
		race = ""
	}' "$1"
}

console_findings()
{
	read_console "$1" 1 0
}

console_races()
{
	read_console "$1" 0 1 | awk '
	{ reports++ }
	!seen[$0]++ { places++ }
	END {
		if (reports)
			printf "KCSAN: %d reports in %d places of the kernel itself, none of our code\n", \
				reports, places
	}'
}

# console_sample KIND TEXT: prints TEXT if it is not taken for what it is.
console_sample()
{
	local got

	[ -n "$1" ] || return 0
	got=$(console_findings <(printf '%s\n' "$2"))
	got=${got%%:*}
	[ "${got:-clean}" = "$1" ] || echo "${got:-clean} instead of $1: ${2%%$'\n'*}"
}

# console_samples FILE: each sample of FILE.
console_samples()
{
	local kind line expected='' text=''

	while IFS=$'\t' read -r kind line; do
		case $kind in
		'' | '#'*) continue ;;
		+) text+=$'\n'$line ;;
		*)
			console_sample "$expected" "$text"
			expected=$kind
			text=$line
			;;
		esac
	done <"$1"
	console_sample "$expected" "$text"
}
