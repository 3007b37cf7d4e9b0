#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/demo --relay --loopback: publishes a stream to the relay and reads
# it back, all of it by busybox nc over loopback; sends it what is no stream; and unloads it
# while it is at work, as often as it is told to.
#
# Promises: what subscribers got is compared with what was published. Where unloading is amid
# traffic, the traffic is seen to flow right before. What is reported is "KEY WORDS": stat NAME
# VALUE, line TEXT (what the relay said), unloaded WORDS (its last words).
#
# /run/harness/relay.conf sets ROUNDS (of unloading) and PIECES (of 64 KiB, in a second, that
# are published).

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh

SUMMARY=/sys/kernel/debug/flvrelay/summary
STREAM=$HERE/in.flv
# Seconds after which something that is waited for does not come.
PATIENCE=$((150 * STARVED))

# shellcheck source=/dev/null
. "$HERE/relay.conf"

value_of()
{
	sed -n "s/^$1 //p" "$SUMMARY"
}

# await TEXT COMMAND...
await()
{
	local text="$1"

	shift
	wait_for "$@" || {
		fail "waited in vain until $text"
		return 1
	}
}

at_least()
{
	[ "$(value_of "$1")" -ge "$2" ]
}

# The stream, no faster than a reader can be expected to read.
paced_stream()
{
	while dd bs=64k count=1 2>/dev/null >/tmp/piece && [ -s /tmp/piece ]; do
		cat /tmp/piece || return
		usleep $((1000000 / PIECES))
	done <"$STREAM"
}

publish()
{
	paced_stream | nc 127.0.0.1 9100
}

# subscribe NAME: nc reads from a fifo that is never closed, for what ends its input ends us.
subscribe()
{
	nc 127.0.0.1 9101 <>/tmp/open >"/tmp/$1.flv" &
	readers="$readers $!"
}

# One who reads no more than fits a pipe.
subscribe_slowly()
{
	nc 127.0.0.1 9101 <>/tmp/open >/tmp/full &
	readers="$readers $!"
	exec 9<>/tmp/full
}

# All of it, to two who are there before, while a third one does not read.
run_whole()
{
	local name

	readers=
	subscribe first
	subscribe second
	subscribe_slowly
	await "the subscribers were there" at_least subscribers 3 || return
	publish
	await "the stream was over" at_least streams 1 || return
	# shellcheck disable=SC2086 # one word for each
	set -- $readers
	wait "$1" "$2"
	kill "$3" 2>/dev/null
	for name in first second; do
		cmp -s "$STREAM" "/tmp/$name.flv" ||
			fail "the $name subscriber got something else than was published: \
$(stat -c %s "/tmp/$name.flv") of $(stat -c %s "$STREAM") bytes"
	done
	rm -f /tmp/*.flv
}

# Each ends with a line of its own.
run_bad()
{
	head -c 100000 /dev/urandom | tr F G | nc 127.0.0.1 9100
	await "garbage was closed" at_least bad_streams 1
	head -c 6 "$STREAM" | nc 127.0.0.1 9100
	await "half a file header was closed" at_least bad_streams 2
	head -c 20 "$STREAM" | nc 127.0.0.1 9100
	await "half a tag header was closed" at_least bad_streams 3
	head -c 100000 "$STREAM" | nc 127.0.0.1 9100
	await "half a tag was closed" at_least bad_streams 4
}

publish_until_stopped()
{
	while [ ! -e /tmp/stop ]; do
		publish
	done
}

# Publisher, two who read, one who does not, and something in flight.
unload_amid_traffic()
{
	local publisher before

	readers=
	rm -f /tmp/stop
	publish_until_stopped >/dev/null 2>&1 &
	publisher=$!
	subscribe third
	subscribe fourth
	subscribe_slowly
	await "the stream flowed" at_least joined 3
	before=$(value_of payload_bytes)
	await "more of it came" at_least payload_bytes $((before + 100000))
	await "a subscriber was being sent it" at_least subscribers 2
	[ "$(value_of streaming)" = 1 ] || await "it was streaming" at_least streaming 1
	rmmod flvrelay || fail "rmmod flvrelay failed"
	: >/tmp/stop
	# shellcheck disable=SC2086 # one word for each
	kill -9 $readers 2>/dev/null
	# shellcheck disable=SC2086
	wait $publisher $readers 2>/dev/null
	report "unloaded $(dmesg | sed -n 's/^.*flvrelay: unloaded: //p' | tail -n 1)"
	rm -f /tmp/*.flv
}

load_relay()
{
	# Who publishes may pause for as long as this machine takes.
	load flvrelay.ko idle_ms=60000 drain_ms=20000 || exit 1
}

mkfifo /tmp/open /tmp/full
step "loading dualtree, dualtree_netbuf and flvrelay"
load dualtree.ko || exit 1
load dualtree_netbuf.ko || exit 1
load_relay
step "relaying"
run_whole
step "bad publishers"
run_bad
report_lines stat <"$SUMMARY"
round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	step "unloading amid traffic, $round of $ROUNDS"
	unload_amid_traffic
	load_relay
done
step "unloading"
rmmod flvrelay || fail "rmmod flvrelay failed"
dmesg | sed -n 's/^.*\] flvrelay: //p' | report_lines line
rmmod dualtree_netbuf || fail "rmmod dualtree_netbuf failed"
report_pools_used
finish_ok
