# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What a healthy kernel does not say. To be sourced.
#
#   console_findings FILE   prints "KIND: LINE" for every complaint in a console
#                           log; nothing for a clean one
#
# Promises: one table, used by real runs and by the self-check, which also reads
# selfcheck/console-samples.txt through it. The last rows catch what the table does not
# know by its particular marks.

# KIND, a tab, an extended regular expression for the message behind the time stamp. The
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
oops	unable to handle|kernel NULL pointer dereference|Oops|general protection fault
oops	kernel BUG at|invalid opcode|divide error|double fault
oops	stack guard page|corrupted stack end|stack-protector
module	disagrees about version|Unknown symbol|version magic|Exec format error
module	refcount_t: |percpu ref .*<= 0|Trying to vfree
module	with parent .* already present|cannot create duplicate filename|tried to (add|init)
warning	WARNING|\[ cut here \]
bug	BUG|INFO: task
trace	Call [Tt]race:|RIP: 0010:|^Hardware name: 
'

# What has a word of the table in it and is no complaint: whole beginnings of messages.
CONSOLE_HARMLESS='^kmemleak: (Kernel memory leak detector initialized|Automatic memory scanning thread)'

console_findings()
{
	# Not -v, which would eat backslashes.
	TABLE=$CONSOLE_TABLE HARMLESS=$CONSOLE_HARMLESS awk '
	BEGIN {
		harmless = ENVIRON["HARMLESS"]
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
		if (text ~ harmless)
			next
		for (i = 1; i <= kinds; i++) {
			if (text ~ pattern[i]) {
				print kind[i] ": " $0
				next
			}
		}
	}' "$1"
}

# console_samples FILE: prints each sample that is not taken for what it is.
console_samples()
{
	local kind line got

	while IFS=$'\t' read -r kind line; do
		case $kind in
		'' | '#'*) continue ;;
		esac
		got=$(console_findings <(printf '%s\n' "$line"))
		got=${got%%:*}
		[ "${got:-clean}" = "$kind" ] || echo "${got:-clean} instead of $kind: $line"
	done <"$1"
}
