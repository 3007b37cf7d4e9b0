#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Usage: record.sh [OPTION...] FILE [COMMAND...]
#
# Records what a driver does with its memory, on the machine that it runs on: writes each
# allocation and each free of dualtree into FILE while COMMAND runs, or until SIGINT or SIGTERM.
# Needs nothing but a POSIX shell and tracefs; to be run as root, when dualtree.ko is loaded and the
# driver is not yet. scripts/record convert makes a trace of FILE.
#
#   --name NAME    only instances of that name (dualtree_create()); default: all. Allocations of
#                  several instances become one trace
#   --buffer KIB   of the kernel's buffer, for each CPU; default 4096
#
# COMMAND may load and unload the driver, but dualtree.ko has to stay: the kernel throws its events
# away with it. Events are stamped by a counter that all CPUs share, so their order is that in
# which the kernel saw them, and is total. An event that was lost is an error.
#
# Status: COMMAND's, 0 if there is none; 2 if it could not be recorded, and FILE is not complete
# then.
set -u

me=${0##*/}
name='' kib=4096

usage()
{
	sed -n '4,/^set/ { /^#/ { s/^# \{0,1\}//; p; }; }' "$0"
}

die()
{
	echo "$me: error: $*" >&2
	exit 2
}

while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	--name | --buffer)
		[ $# -ge 2 ] || die "option $1 needs a value (see --help)"
		case $1 in
		--name) name=$2 ;;
		--buffer) kib=$2 ;;
		esac
		shift 2
		;;
	-*) die "unknown option $1 (see --help)" ;;
	*) break ;;
	esac
done
[ $# -ge 1 ] || die "where is the record to be written to? (see --help)"
case $name in *\"*) die "--name $name: the kernel's filter takes no quotes" ;; esac
file=$1
shift

tracefs=/sys/kernel/tracing
[ -d "$tracefs/instances" ] || mount -t tracefs tracefs "$tracefs" 2>/dev/null
[ -d "$tracefs/instances" ] || die "there is no tracefs: the kernel has to have CONFIG_TRACING"
[ -d "$tracefs/events/dualtree" ] || die "there are no events of dualtree: is dualtree.ko loaded?"
instance=$tracefs/instances/dualtree-record
mkdir "$instance" 2>/dev/null || die "$instance is there already: is another recording running?"
reader=

# shellcheck disable=SC2317 # called by the trap
clean_up()
{
	echo 0 >"$instance/tracing_on"
	[ -z "$reader" ] || kill "$reader" 2>/dev/null
	wait
	rmdir "$instance"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# put FILE VALUE: of the tracing instance.
put()
{
	echo "$2" >"$instance/$1" || die "cannot write '$2' to $instance/$1"
}

# No event may take the place of one that has not been read; which are lost is counted.
set_up()
{
	put tracing_on 0
	put trace_clock counter
	[ -e "$instance/options/hash-ptr" ] ||
		die "this kernel prints no addresses: it has no option hash-ptr (6.1 has)"
	put options/hash-ptr 0
	put options/overwrite 0
	put buffer_size_kb "$kib"
	for event in alloc free region_put; do
		[ -z "$name" ] || put "events/dualtree/dualtree_$event/filter" "name == \"$name\""
		put "events/dualtree/dualtree_$event/enable" 1
	done
}

# From here on what comes is read as it comes.
start()
{
	{
		echo "# dualtree-record 1"
		echo "# name ${name:-all}"
		echo "# kernel $(uname -r)"
	} >"$file" || die "cannot write $file"
	cat "$instance/trace_pipe" >>"$file" &
	reader=$!
	put tracing_on 1
}

# lost WHAT: of all CPUs.
lost()
{
	cat "$instance"/per_cpu/cpu*/stats | sed -n "s/^$1: \([0-9]*\).*/\1/p" | {
		sum=0
		while read -r count; do
			sum=$((sum + count))
		done
		echo "$sum"
	}
}

# The reader ends by itself when tracing is off and nothing is left, if it has read anything.
stop()
{
	put tracing_on 0
	[ -d "$tracefs/events/dualtree" ] ||
		die "dualtree.ko was unloaded meanwhile, and its events with it"
	events=$(($(lost entries) + $(lost 'read events')))
	[ "$events" -gt 0 ] || die "there was no event: is there an instance named '${name:-any}'?"
	for kind in overrun 'commit overrun' 'dropped events'; do
		count=$(lost "$kind")
		[ "$count" -eq 0 ] || die "events were lost ($kind: $count): use a larger --buffer than $kib"
	done
	wait "$reader"
	reader=
	echo "# end" >>"$file" || die "cannot write $file"
	echo "$me: $events events" >&2
}

set_up
start
status=0
if [ $# -gt 0 ]; then
	"$@" || status=$?
else
	trap 'waiting=' INT TERM
	waiting=yes
	echo "$me: recording until SIGINT or SIGTERM" >&2
	while [ -n "$waiting" ]; do
		sleep 1
	done
fi
stop
exit "$status"
