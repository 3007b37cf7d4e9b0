#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/record sample: records samples/packet_ring from before it is loaded
# until after it is unloaded, with traffic over loopback in between, and hands the record over, as
# lines "record: " of base64 of gzip. A record that lost events, and one of an instance that does
# not exist, must be refused.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh

MIB=4

# traffic: what record.sh runs.
traffic()
{
	load packet_ring.ko || return 1
	ping -q -A -c 200 -s 411 127.0.0.1 >/dev/null || fail "ping"
	ping -q -A -c 200 -s 3001 ::1 >/dev/null || fail "ping, IPv6"
	for cpu in 0 1; do
		taskset -c $cpu wget -q -O - http://127.0.0.1/file | cmp - /tmp/www/file || fail "wget"
	done
	rmmod packet_ring || fail "rmmod packet_ring"
}

if [ "${1-}" = traffic ]; then
	traffic
	exit
fi

step "loading dualtree"
load dualtree.ko || exit 1
ip link set lo mtu 1500
mkdir -p /tmp/www
dd if=/dev/urandom of=/tmp/www/file bs=64k count=$((MIB * 16)) 2>/dev/null
httpd -p 127.0.0.1:80 -h /tmp/www || exit 1

step "recording packet_ring"
sh ./record.sh --name packet_ring /tmp/record sh ./script traffic || fail "record.sh"

step "recording with a buffer that is too small"
sh ./record.sh --buffer 4 --name packet_ring /tmp/lost sh ./script traffic 2>/tmp/said
# Whether the reader keeps up is not ours to say; what must not be is a record with a hole.
if [ $? -eq 2 ]; then
	report "refused $(cat /tmp/said)"
else
	report "complete with 4 KiB"
fi
sh ./record.sh --name absent /tmp/none true 2>/tmp/said
[ $? -eq 2 ] || fail "a record of no instance is a record"
report "refused $(cat /tmp/said)"

step "handing the record over"
gzip -c /tmp/record | base64 | sed 's/^/record: /' >"$PORT"
report "md5 $(md5 /tmp/record)"
finish_ok
