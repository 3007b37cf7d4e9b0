#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/vnic: for each mode loads samples/vnic, moves its ends into
# two network namespaces, has ping, iperf3 and wget talk across, closes and opens ends while
# they do, and unloads the module while they do.
#
# Promises: every program's result is looked at; what was fetched is compared with what was
# served; no checksum may be wrong. What is reported is "KEY WORDS", for scripts/vnic to
# read: stat MODE NAME VALUE. No time is asserted, and no throughput.
#
# /run/harness/vnic.conf sets RUN_SECONDS (of each iperf3), PINGS, KIB (that each wget
# fetches), UDP_RATE and TCP_RATE (bits per second; the latter of the streams that are on when
# it is unloaded, 0 is as fast as it goes), PATIENCE (seconds after which a program hangs) and
# UNLOAD_PATIENCE (seconds after which unloading waits for something that does not come by
# itself). /run/harness/modes has a line for each mode: its name and the module's parameters.
#
# A kernel without namespaces keeps both ends in one. There what goes from one of its own
# addresses to another one never sees a device, but for IPv6 addresses of a link: they are
# looked for on that link alone. So there all of it is IPv6.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh

HERE=/run/harness
WWW=/tmp/www
STATS=/sys/kernel/debug/vnic
IPERF="$HERE/ld.so --library-path $HERE $HERE/iperf3"
IPERF_PORT=5201

# shellcheck source=/dev/null
. "$HERE/vnic.conf"
PATIENCE=$((PATIENCE * STARVED))

# stat_of NAME VALUE: of the mode that runs.
stat_of()
{
	report "stat $mode $1 $2"
}

# at END COMMAND...: in that end's namespace. For each end NS is the process that keeps it.
at()
{
	local end=$1

	shift
	if [ -z "$namespaces" ]; then
		"$@"
	elif [ "$end" = 0 ]; then
		nsenter -t "$NS0" -n "$@"
	else
		nsenter -t "$NS1" -n "$@"
	fi
}

# sysctl_at END NAME VALUE: if the kernel has it.
sysctl_at()
{
	at "$1" sh -c "[ ! -e /proc/sys/net/$2 ] || echo $3 >/proc/sys/net/$2"
}

make_namespaces()
{
	namespaces=
	[ -e /proc/self/ns/net ] || return 0
	namespaces=yes
	# What outlived us with our output would have the run wait for it.
	unshare -n sleep 100000 >/dev/null 2>&1 &
	NS0=$!
	unshare -n sleep 100000 >/dev/null 2>&1 &
	NS1=$!
	wait_for has_namespace "$NS0"
	wait_for has_namespace "$NS1"
}

has_namespace()
{
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# set_up_end END: in namespaces its addresses are 10.9.0.END+1 and fd09::END+1.
set_up_end()
{
	if [ -n "$namespaces" ]; then
		if [ "$1" = 0 ]; then
			ip link set vnic0 netns "$NS0" || fail "vnic0 does not move"
		else
			ip link set vnic1 netns "$NS1" || fail "vnic1 does not move"
		fi
		at "$1" ip link set lo up
		at "$1" ip addr add "10.9.0.$(($1 + 1))/24" dev "vnic$1" ||
			fail "vnic$1: no IPv4 address"
	fi
	sysctl_at "$1" "ipv6/conf/vnic$1/accept_dad" 0
	at "$1" ip link set "vnic$1" up || fail "vnic$1 does not come up"
	[ -z "$namespaces" ] || at "$1" ip addr add "fd09::$(($1 + 1))/64" dev "vnic$1"
}

link_address()
{
	ip addr show dev vnic1 | sed -n 's|.* inet6 \(fe80:[^/]*\)/.*|\1|p'
}

has_link_address()
{
	[ -n "$(link_address)" ]
}

# What vnic1 is called from vnic0's side: FAR and FAR6, and what iperf3 needs for FAR.
find_far_end()
{
	if [ -n "$namespaces" ]; then
		FAR=10.9.0.2 FAR6=fd09::2 FAMILY=-4
		return
	fi
	wait_for has_link_address || fail "vnic1 has no address of its link"
	FAR=$(link_address)%vnic0 FAR6=$FAR FAMILY=-6
}

set_mtu()
{
	at 0 ip link set vnic0 mtu "$1" || fail "vnic0: mtu $1"
	at 1 ip link set vnic1 mtu "$1" || fail "vnic1: mtu $1"
}

# ping_across ADDRESS SIZE
ping_across()
{
	at 0 timeout "$PATIENCE" ping -q -A -c "$PINGS" -s "$2" "$1" >/tmp/ping 2>&1
	grep -q " $PINGS packets received" /tmp/ping ||
		fail "$mode: ping -s $2 $1: $(grep received /tmp/ping || head -n 1 /tmp/ping)"
}

run_pings()
{
	ping_across "$FAR" 56
	ping_across "$FAR" 1400
	# In fragments.
	ping_across "$FAR" 20000
	ping_across "$FAR6" 56
	ping_across "$FAR6" 8000
}

# port_open: iperf3 listens.
port_open()
{
	at 1 cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		grep -qi ":$(printf %04X "$IPERF_PORT") [0-9A-F:]* 0A"
}

# server_settled: it listens, or it will not.
server_settled()
{
	port_open || ! kill -0 "$server" 2>/dev/null
}

# start_server [OPTION...]
# shellcheck disable=SC2086 # IPERF is words
start_server()
{
	at 1 $IPERF $FAMILY -s "$@" >/tmp/iperf-server 2>&1 </dev/null &
	server=$!
	wait_for server_settled
	port_open || {
		fail "$mode: iperf3 does not listen: $(grep -m 1 error /tmp/iperf-server)"
		return 1
	}
}

# last_number NAME FILE: the last value under that name in iperf3's report.
last_number()
{
	sed -n "s/.*\"$1\":[^0-9]*\\([0-9]*\\).*/\\1/p" "$2" | tail -n 1
}

# received_rate FILE: of what the receiver got, in bits per second.
received_rate()
{
	sed -n '/"sum_received"/,/}/p' "$1" >/tmp/iperf-sum
	last_number bits_per_second /tmp/iperf-sum
}

# run_iperf NAME OPTION...: leaves the report in /tmp/iperf-NAME.
# shellcheck disable=SC2046,SC2086 # words
run_iperf()
{
	local name=$1

	shift
	start_server -1 || return
	at 0 timeout "$PATIENCE" $IPERF $FAMILY -c "$FAR" -J -t "$RUN_SECONDS" "$@" \
		>"/tmp/iperf-$name" 2>&1 || {
		fail "$mode: iperf3 $name: $(sed -n '/"error"/p' "/tmp/iperf-$name" | head -n 1)"
		# A server that was never talked to would wait for ever.
		kill -9 $(iperf_pids) 2>/dev/null
	}
	wait "$server" || fail "$mode: iperf3 $name: server: $(tail -n 1 /tmp/iperf-server)"
}

run_iperfs()
{
	run_iperf tcp
	stat_of "tcp_bps_$1" "$(received_rate /tmp/iperf-tcp)"
	run_iperf reverse -R -P 2
	stat_of "reverse_bps_$1" "$(received_rate /tmp/iperf-reverse)"
	run_iperf udp -u -b "$UDP_RATE" -l $(($1 - 100))
	stat_of "udp_bps_$1" "$(last_number bits_per_second /tmp/iperf-udp)"
	stat_of "udp_packets_$1" "$(last_number packets /tmp/iperf-udp)"
	stat_of "udp_lost_$1" "$(last_number lost_packets /tmp/iperf-udp)"
}

make_file()
{
	mkdir -p "$WWW"
	dd if=/dev/urandom of="$WWW/file" bs=64k count=$((KIB / 64)) 2>/dev/null
	sum=$(md5 "$WWW/file")
}

# fetch ADDRESS OUT: in the background.
fetch()
{
	at 0 timeout "$PATIENCE" wget -q -O "/tmp/fetched_$2" "http://$1/file" &
	pids="$pids $!"
}

# fetch_all: at once, some of it over IPv6.
fetch_all()
{
	local far=$FAR

	[ -n "$namespaces" ] || far="[$FAR]"
	rm -f /tmp/fetched_*
	pids=
	fetch "[$FAR6]" a
	fetch "$far" b
	fetch "$far" c
}

check_fetched()
{
	# shellcheck disable=SC2086 # one word for each
	wait $pids
	for name in a b c; do
		[ "$(md5 "/tmp/fetched_$name")" = "$sum" ] ||
			fail "$mode: wget $name did not get what httpd served ($1)"
	done
}

run_wgets()
{
	fetch_all
	check_fetched "mtu $1"
	stat_of "wget_kib_$1" $((3 * KIB))
}

all_fetching()
{
	[ -s /tmp/fetched_a ] && [ -s /tmp/fetched_b ] && [ -s /tmp/fetched_c ]
}

# Ends are closed and opened while something is going on, and their MTU changes.
run_flaps()
{
	local i

	fetch_all
	wait_for all_fetching || fail "$mode: wget does not get anything"
	for i in 0 1 1 0 0 1; do
		usleep 200000
		at "$i" ip link set "vnic$i" down
		[ "$i" = 1 ] || set_mtu 4000
		at "$i" ip link set "vnic$i" up
		# With an end IPv6 addresses go.
		[ -z "$namespaces" ] ||
			at "$i" ip addr add "fd09::$((i + 1))/64" dev "vnic$i" 2>/dev/null
		set_mtu 1500
	done
	check_fetched "ends closed and opened"
	stat_of flaps 6
}

# snmp_of END PROTOCOL NAME
snmp_of()
{
	at "$1" cat /proc/net/snmp | awk -v protocol="$2:" -v name="$3" '
		$1 != protocol { next }
		!column { for (i = 2; i <= NF; i++) if ($i == name) column = i; next }
		{ print $column; exit }'
}

# check_checksums: no packet may have been damaged, which TCP alone would make good.
check_checksums()
{
	local end protocol wrong

	for end in 0 1; do
		for protocol in Tcp Udp Icmp; do
			wrong=$(snmp_of $end $protocol InCsumErrors)
			[ "$wrong" = 0 ] || fail "$mode: vnic$end: $wrong wrong $protocol checksums"
		done
	done
}

# balanced: nothing was on its way when the counts were read, one end after the other.
balanced()
{
	cat "$STATS/vnic0/stats" >/tmp/stats0
	cat "$STATS/vnic1/stats" >/tmp/stats1
	[ "$(awk '/^tx_packets/ { n += $2 } /^rx_(packets|discarded)/ { n -= $2 } END { print n }' \
		/tmp/stats0 /tmp/stats1)" = 0 ]
}

report_stats()
{
	local end limit

	# The housekeeping has looked once more. A frame that is lost stays so.
	usleep 300000
	limit=$(($(uptime_seconds) + 2 * STARVED))
	until balanced || [ "$(uptime_seconds)" -ge $limit ]; do
		usleep 100000
	done
	for end in 0 1; do
		while read -r name value; do
			stat_of "end${end}_$name" "$value"
		done <"/tmp/stats$end"
	done
}

rx_packets()
{
	sed -n 's/^rx_packets //p' "$STATS/vnic1/stats"
}

# more_arrived BEFORE
more_arrived()
{
	[ "$(rx_packets)" -gt "$1" ]
}

stop_all()
{
	# shellcheck disable=SC2046,SC2086 # one word for each
	kill -9 $traffic $(pidof ping) 2>/dev/null
	# shellcheck disable=SC2086
	wait $traffic 2>/dev/null
}

# wait_unloaded PID SECONDS: what was received out of order is kept for what will not come any
# more: then only the end of the socket lets go of it.
wait_unloaded()
{
	local end=$(($(uptime_seconds) + $2))

	while kill -0 "$1" 2>/dev/null && [ "$(uptime_seconds)" -lt $end ]; do
		usleep 100000
	done
	! kill -0 "$1" 2>/dev/null
}

# finish_unloading PID: nothing is to be waited for that only more traffic would bring. If it
# is all the same, bring it: each CPU receives something.
finish_unloading()
{
	local cpu

	if ! wait_unloaded "$1" $((UNLOAD_PATIENCE * STARVED)); then
		fail "$mode: unloading does not end by itself"
		for cpu in 0 1 2 3; do
			taskset -c $cpu ping -q -c 1 127.0.0.1 >/dev/null
		done
		wait_unloaded "$1" $((UNLOAD_PATIENCE * STARVED)) || fail "$mode: nor does it after pings"
	fi
	wait "$1" || fail "$mode: rmmod vnic failed"
}

# iperf_pids: what nsenter and timeout became.
iperf_pids()
{
	grep -ls "^$HERE/ld.so" /proc/[0-9]*/cmdline | cut -d/ -f3
}

# shellcheck disable=SC2086 # IPERF is words
unload_with_traffic()
{
	local before unloading end

	# What is closed while its peer is silent keeps what it received out of order until it gives
	# up. Not before: httpd closes when its last bytes are still to be sent.
	for end in 0 1; do
		sysctl_at $end ipv4/tcp_orphan_retries 1
	done
	start_server
	at 0 $IPERF $FAMILY -c "$FAR" -t 1000 -P 2 --bidir -l 8K -b "$TCP_RATE" >/tmp/iperf-last 2>&1 &
	traffic="$server $!"
	at 0 ping -q -A -s 1400 "$FAR" >/tmp/ping-last 2>&1 &
	traffic="$traffic $!"
	sleep 2
	traffic="$traffic $(iperf_pids | tr '\n' ' ')"
	before=$(rx_packets)
	wait_for more_arrived "$before" || fail "$mode: no traffic while unloading"
	rmmod vnic &
	unloading=$!
	if wait_unloaded $unloading "$UNLOAD_PATIENCE"; then
		stat_of unloaded_at_once 1
	else
		stat_of unloaded_at_once 0
	fi
	stop_all
	finish_unloading $unloading
}

# Nobody has a socket open any more, and no CPU receives anything. What was read on another
# CPU than it arrived on is what the stack is in no hurry to free.
unload_idle()
{
	local unloading

	fetch_all
	check_fetched "before unloading idle"
	sleep 1
	stat_of idle_pinned \
		"$(cat $STATS/*/stats | awk '/^pinned_ranges/ { n += $2 } END { print n }')"
	rmmod vnic &
	unloading=$!
	finish_unloading $unloading
}

load_vnic()
{
	load "$HERE/vnic.ko" "$@" || exit 1
	set_up_end 0
	set_up_end 1
	find_far_end
}

run_mode()
{
	make_namespaces
	load_vnic "$@"
	at 1 httpd -p 80 -h "$WWW" || fail "httpd does not start"
	for mtu in 1500 9000; do
		set_mtu $mtu
		step "$mode, mtu $mtu: ping"
		run_pings
		step "$mode, mtu $mtu: iperf3"
		run_iperfs $mtu
		step "$mode, mtu $mtu: wget"
		run_wgets $mtu
	done
	step "$mode: closing and opening"
	run_flaps
	check_checksums
	report_stats
	step "$mode: unloading"
	unload_with_traffic
	report_unloaded vnic "stat $mode end_"
	step "$mode: unloading idle"
	load_vnic "$@"
	unload_idle
	report_unloaded vnic "stat $mode idle_"
	# httpd has gone to the background by itself.
	# shellcheck disable=SC2046 # one word for each
	kill $(pidof httpd)
	[ -z "$namespaces" ] || kill "$NS0" "$NS1"
}

# A datagram that is lost does not come again: give receivers room.
echo 4194304 >/proc/sys/net/core/rmem_default
echo 4194304 >/proc/sys/net/core/rmem_max
step "loading dualtree and dualtree_netbuf"
load "$HERE/dualtree.ko" || exit 1
load "$HERE/dualtree_netbuf.ko" || exit 1
make_file
while read -r mode parameters <&3; do
	# shellcheck disable=SC2086 # parameters are words
	run_mode $parameters
done 3<"$HERE/modes"
finish_ok
