# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# What a guest script uses; scripts/vm puts it at /lib/guest.sh, and a guest script
# begins with ". /lib/guest.sh". It then is in HERE, where its files are.
#
#   step TEXT         what is being done now; scripts/vm shows it, and names it
#                     when the guest hangs in it
#                     A step that takes long is said to hang (--step-timeout)
#   report TEXT       a line for the reader; scripts/vm collects them in
#                     report.txt
#   report_lines [WORDS]
#                     each line of stdin, after WORDS
#   report_unloaded MODULE WORDS
#                     MODULE's last words in the kernel's log, "unloaded: NAME VALUE NAME
#                     VALUE...": a report of each as WORDSNAME VALUE
#   pools_held        bytes that all pools have taken from the kernel
#   report_pools_used what instances hold of the pools' blocks: what is held less what is free
#   available_mib     MiB of MemAvailable
#   md5 [FILE]        the sum alone
#   load FILE [ARG..] insmod, remembered for remove_modules; a failure is a
#                     failure of the run
#   feed_trace WORD...
#                     sets arguments to the words with which dualtree_replay.ko is to be loaded:
#                     for a first word trace=NAME,SEED,OPS,CYCLES trace_tool begins to write that
#                     trace into a FIFO, and the module reads it from there
#   remove_modules    rmmod of what load loaded, latest first; done at the end
#                     in any case
#   check_leaks       what kmemleak finds now is a failure of the run; done at the end in
#                     any case, when all modules are gone
#   note TEXT         a line in the kernel's log, to find one's place there
#   uptime_seconds    to wait by: where all is slow, a look takes longer than the pause
#                     after it
#   wait_for COMMAND...
#                     until it is true; false if it is not after PATIENCE seconds, which
#                     the script sets
#   fail TEXT         the run fails, but goes on
#   finish_ok         the script came to its end and is content. Without it the
#                     run fails
#
# The guest's own clock runs on while the host has no CPU for the guest, so what takes a second
# may take STARVED of them. A script multiplies by it what it has patience for. It is the host
# that finds a hang sooner, by --step-timeout: that counts no time in which the guest waited for
# a CPU.
#
# What a script prints itself is shown by scripts/vm --verbose and is in out.txt.

PORT=/dev/harness
HERE=/run/harness
cd "$HERE" || exit 1

# Eight busy processes on a host with two CPUs leave one guest CPU a fifth of a CPU, and its other
# CPUs wait for that one.
STARVED=10

# One write for each line: lines of two processes do not mix.
say()
{
	printf '%s: %s\n' "$1" "$2" >"$PORT"
}

step()
{
	: >/tmp/step
	say step "$*"
}

report()
{
	say report "$*"
}

report_lines()
{
	local line

	while IFS= read -r line; do
		report "${1:+$1 }$line"
	done
}

report_unloaded()
{
	dmesg | sed -n "s/.*$1: unloaded: //p" | tail -n 1 | xargs -r -n 2 | sed "s/^/$2/" |
		report_lines ''
}

pools_held()
{
	cat /sys/kernel/debug/dualtree/pools/* |
		awk '$1 == "held_bytes" { sum += $2 } END { print sum + 0 }'
}

report_pools_used()
{
	report "stat pool_used_bytes $(cat /sys/kernel/debug/dualtree/pools/* | awk '
		$1 == "held_bytes" { sum += $2 } $1 == "free_bytes" { sum -= $2 } END { print sum + 0 }')"
}

available_mib()
{
	echo $(($(awk '/^MemAvailable/ { print $2 }' /proc/meminfo) >> 10))
}

md5()
{
	md5sum "$@" | cut -d' ' -f1
}

note()
{
	echo "dualtree-harness: $*" >/dev/kmsg
}

uptime_seconds()
{
	local now

	read -r now _ </proc/uptime
	echo "${now%.*}"
}

wait_for()
{
	local end=$(($(uptime_seconds) + PATIENCE))

	until "$@"; do
		[ "$(uptime_seconds)" -lt "$end" ] || return 1
		usleep 100000
	done
}

fail()
{
	echo "$*" >>/tmp/failed
	say fail "$*"
}

load()
{
	local file="$1" name

	shift
	name=$(basename "$file" .ko | tr - _)
	if ! insmod "$file" "$@"; then
		fail "insmod $(basename "$file") $* failed"
		return 1
	fi
	echo "$name" >>/tmp/modules
}

feed_trace()
{
	local trace

	arguments=$*
	[ "${1#trace=}" != "$1" ] || return 0
	trace=$(echo "${1#trace=}" | tr , ' ')
	shift
	arguments="file=/tmp/trace.fifo $*"
	rm -f /tmp/trace.fifo
	mkfifo /tmp/trace.fifo
	# shellcheck disable=SC2086 # these are words
	"$HERE/trace_tool" export $trace >/tmp/trace.fifo &
}

remove_modules()
{
	local name

	[ -e /tmp/modules ] || return 0
	for name in $(tac /tmp/modules); do
		# Gone already, by the script's own doing.
		[ -d "/sys/module/$name" ] || continue
		rmmod "$name" || fail "rmmod $name failed"
	done
	rm -f /tmp/modules
}

# An object must be five seconds old to count, and only what two scans find is a leak.
check_leaks()
{
	leaks=/sys/kernel/debug/kmemleak
	[ -e "$leaks" ] || return 0
	# It turns itself off when it runs out of memory, and would find nothing.
	echo scan >"$leaks" || {
		fail "kmemleak is off"
		return 0
	}
	sleep 6
	echo scan >"$leaks"
	cat "$leaks" >/tmp/leaks
	[ -s /tmp/leaks ] || return 0
	fail "kmemleak found $(grep -c '^unreferenced' /tmp/leaks) lost objects"
	head -n 40 /tmp/leaks | while IFS= read -r line; do
		say leak "$line"
	done
}

finish_ok()
{
	: >/tmp/finish-ok
}
