#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/demo: loads both modules, moves traffic over loopback with
# real programs, hands over what the sample counted, and unloads the sample.
#
# Promises: every program's result is looked at. What was fetched is compared with what
# was served; a program that fails, fails the run. What is reported is "KEY WORDS",
# for scripts/demo to read: stat NAME VALUE, map LINE, note LINE, unloaded LINE.
#
# /run/harness/demo.conf sets DEPTH, MIB (over HTTP, half of it over each of IPv4 and
# IPv6), UDP_MIB (likewise), PINGS (of each of four kinds) and PARAMETERS (more of them
# for the sample).

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh

WWW=/tmp/www
RING=/sys/kernel/debug/packet_ring
MEMORY=/sys/kernel/debug/dualtree/packet_ring
# busybox' own nc knows no UDP. This one brought its libraries along.
NC="$HERE/ld.so --library-path $HERE $HERE/nc"
# Seconds after which a program hangs, and after which nothing more of a datagram comes.
PATIENCE=$((150 * STARVED))
QUIET_PATIENCE=60

# shellcheck source=/dev/null
. "$HERE/demo.conf"

set_up_network()
{
	# Datagrams above 1500 bytes become fragments; TCP hands over large segments anyhow.
	ip link set lo mtu 1500
	# Nobody but us is to lose anything: a datagram that is lost does not come again.
	echo 67108864 >/proc/sys/net/core/rmem_default
	echo 100000 >/proc/sys/net/core/netdev_max_backlog
}

make_files()
{
	mkdir -p "$WWW"
	dd if=/dev/urandom of="$WWW/file" bs=64k count=$((MIB * 4)) 2>/dev/null
	head -c $((UDP_MIB * 524288)) "$WWW/file" >/tmp/datagrams
}

# fetch NAME CPU ADDRESS: in the background; fetched_NAME gets the sum of what came.
fetch()
{
	timeout $PATIENCE taskset -c "$2" wget -q -O - "http://$3/file" |
		md5 >"/tmp/fetched_$1" &
	pids="$pids $!"
}

run_http()
{
	pids=
	httpd -p 127.0.0.1:80 -h "$WWW" || fail "httpd does not start (IPv4)"
	httpd -p '[::1]:80' -h "$WWW" || fail "httpd does not start (IPv6)"
	fetch a 0 127.0.0.1
	fetch b 1 '[::1]'
	fetch c 2 127.0.0.1
	fetch d 3 '[::1]'
	# shellcheck disable=SC2086 # one word for each
	wait $pids
	sum=$(md5 "$WWW/file")
	for name in a b c d; do
		[ "$(cat /tmp/fetched_$name)" = "$sum" ] ||
			fail "wget $name did not get what httpd served"
	done
}

size_of()
{
	stat -c %s "$1" 2>/dev/null || echo 0
}

listens()
{
	grep -qi ":$(printf %04X "$1") " /proc/net/udp /proc/net/udp6
}

# wait_arrived FILE: until it is as long as what was sent, or does not grow any more.
wait_arrived()
{
	local size=-1 now end

	while now=$(size_of "$1") && [ "$now" -lt "$(size_of /tmp/datagrams)" ]; do
		if [ "$now" -ne "$size" ]; then
			size=$now
			end=$(($(uptime_seconds) + QUIET_PATIENCE))
		fi
		[ "$(uptime_seconds)" -lt "$end" ] || return 0
		usleep 100000
	done
}

# send_datagrams PORT CPU ADDRESS: nc to nc, and compares what arrived.
# shellcheck disable=SC2086 # NC is words
send_datagrams()
{
	$NC -u -n -l "$3" "$1" >"/tmp/udp_$1" 2>"/tmp/nc_$1" </dev/null &
	receiver=$!
	wait_for listens "$1" || fail "nc does not listen on $3"
	timeout $PATIENCE taskset -c "$2" $NC -u -n -N -q 0 "$3" "$1" \
		</tmp/datagrams >/dev/null 2>&1 || fail "nc cannot send to $3"
	wait_arrived "/tmp/udp_$1"
	kill $receiver
	wait $receiver 2>/dev/null
	[ "$(md5 "/tmp/udp_$1")" = "$(md5 /tmp/datagrams)" ] ||
		fail "nc received $(size_of "/tmp/udp_$1") of $(size_of /tmp/datagrams) bytes from $3," \
			"or others"
}

run_datagrams()
{
	send_datagrams 9004 0 127.0.0.1 &
	pids=$!
	send_datagrams 9006 1 ::1 &
	wait $pids $!
}

# ping_address NAME CPU ADDRESS SIZE
ping_address()
{
	timeout $PATIENCE taskset -c "$2" ping -q -A -c "$PINGS" -s "$4" "$3" >"/tmp/ping_$1" 2>&1
	grep -q " $PINGS packets received" "/tmp/ping_$1" ||
		fail "ping of $3: $(grep received "/tmp/ping_$1" || head -n 1 "/tmp/ping_$1")"
}

run_pings()
{
	ping_address a 0 127.0.0.1 56 &
	pids=$!
	ping_address b 1 ::1 411 &
	pids="$pids $!"
	ping_address c 2 127.0.0.1 1201 &
	pids="$pids $!"
	ping_address d 3 ::1 3001 &
	# shellcheck disable=SC2086 # one word for each
	wait $pids $!
}

step "loading dualtree and packet_ring"
load dualtree.ko instance_dirs=1 || exit 1
# shellcheck disable=SC2086 # parameters are words
load packet_ring.ko depth="$DEPTH" $PARAMETERS || exit 1
set_up_network
make_files

# Large segments last: they are what the ring then holds, and the picture shows.
step "ping: 4 times $PINGS, IPv4 and IPv6"
run_pings
step "udp: $UDP_MIB MiB by nc, IPv4 and IPv6"
run_datagrams
step "http: $MIB MiB by 4 wgets from httpd, IPv4 and IPv6"
run_http

step "reading the counts"
# The consumer is done with what is overdue, and has looked at the peak once more.
usleep 100000
report_lines stat <"$RING/stats"
report_lines map <"$MEMORY/map"

if [ -x "$HERE/dualtree-top" ]; then
	"$HERE/dualtree-top" -o >/tmp/top || fail "dualtree-top failed"
	grep -q ' packet_ring$' /tmp/top || fail "dualtree-top does not show packet_ring"
	report_lines top </tmp/top
fi

step "unloading"
rmmod packet_ring || fail "rmmod packet_ring failed"
report_unloaded packet_ring "stat end_"
finish_ok
