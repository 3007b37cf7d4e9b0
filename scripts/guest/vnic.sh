#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/vnic: for each mode loads samples/vnic, moves its ends into
# two network namespaces, has ping, iperf3 and wget talk across, closes and opens ends while
# they do, and unloads the module while they do, with unread sockets, with packets that wait in
# GRO, and while the CPU that received is offline.
#
# Promises: every program's result is looked at; what was fetched is compared with what was
# served; no checksum may be wrong; unloading waits for no packet. What is reported is "KEY WORDS",
# for scripts/vnic to read: stat MODE NAME VALUE. No throughput is asserted.
#
# /run/harness/vnic.conf sets RUN_SECONDS (of each iperf3), PINGS, KIB (that each wget
# fetches), UDP_RATE and TCP_RATE (bits per second; the latter of the streams that are on when
# it is unloaded, 0 is as fast as it goes), PATIENCE (seconds after which a program hangs) and
# UNLOAD_SECONDS (that rmmod may take) and UNREAD_KIB (that a socket holds that is not read).
# /run/harness/modes has a line for each mode: its name and the module's parameters.
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
UNREAD_PORT=5202

# shellcheck source=/dev/null
. "$HERE/vnic.conf"
PATIENCE=$((PATIENCE * STARVED))

# wait_seconds N COMMAND...: as wait_for, for what is done in N seconds where no CPU is missed.
wait_seconds()
{
	local PATIENCE=$(($1 * STARVED))

	shift
	wait_for "$@"
}

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

# port_open PORT: iperf3 listens.
port_open()
{
	at 1 cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		grep -qi ":$(printf %04X "$1") [0-9A-F:]* 0A"
}

# server_decided PORT: it listens, or it will not.
server_decided()
{
	port_open "$1" || ! kill -0 "$server" 2>/dev/null
}

# start_server PORT [OPTION...]
# shellcheck disable=SC2086 # IPERF is words
start_server()
{
	local log=/tmp/iperf-server-$1

	at 1 $IPERF $FAMILY -s -p "$@" >"$log" 2>&1 </dev/null &
	server=$!
	wait_for server_decided "$1"
	port_open "$1" || {
		fail "$mode: iperf3 does not listen: $(grep -m 1 error "$log")"
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
	start_server "$IPERF_PORT" -1 || return
	at 0 timeout "$PATIENCE" $IPERF $FAMILY -c "$FAR" -J -t "$RUN_SECONDS" "$@" \
		>"/tmp/iperf-$name" 2>&1 || {
		fail "$mode: iperf3 $name: $(sed -n '/"error"/p' "/tmp/iperf-$name" | head -n 1)"
		# A server that was never talked to would wait for ever.
		kill -9 $(iperf_pids) 2>/dev/null
	}
	wait "$server" || fail "$mode: iperf3 $name: server: $(tail -n 1 "/tmp/iperf-server-$IPERF_PORT")"
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
	local end

	# The maxima have been sampled once more. A frame that is lost stays so.
	usleep 300000
	wait_seconds 2 balanced
	for end in 0 1; do
		while read -r name value; do
			stat_of "end${end}_$name" "$value"
		done <"/tmp/stats$end"
	done
}

# stat_now NAME: of vnic1.
stat_now()
{
	sed -n "s/^$1 //p" "$STATS/vnic1/stats"
}

# more_arrived BEFORE
more_arrived()
{
	[ "$(stat_now rx_packets)" -gt "$1" ]
}

# iperf_pids: what nsenter and timeout became.
iperf_pids()
{
	grep -ls "^$HERE/ld.so" /proc/[0-9]*/cmdline | cut -d/ -f3
}

# pids_with WORDS: the processes of iperf3 that have these words on their command line.
pids_with()
{
	local pid

	for pid in $(iperf_pids); do
		! tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q -- "$1 " || echo "$pid"
	done
}

# start_traffic: TCP both ways and pings, until stop_traffic.
# shellcheck disable=SC2086 # IPERF is words
start_traffic()
{
	local before

	start_server "$IPERF_PORT"
	at 0 $IPERF $FAMILY -c "$FAR" -t 1000 -P 2 --bidir -l 8K -b "$TCP_RATE" >/tmp/iperf-last 2>&1 &
	at 0 ping -q -A -s 1400 "$FAR" >/tmp/ping-last 2>&1 &
	sleep 2
	before=$(stat_now rx_packets)
	wait_for more_arrived "$before" || fail "$mode: no traffic while unloading"
}

# stop_traffic: all but the server whose socket is not read.
stop_traffic()
{
	# shellcheck disable=SC2046 # one word for each
	kill -9 $(iperf_pids | grep -vx "${unread:-none}") $(pidof ping) 2>/dev/null
}

# unread_kib: what the unread socket is charged for. The fifth word of these lines has the bytes to
# be sent and those to be read.
unread_kib()
{
	local bytes port

	port=$(printf %04X "$UNREAD_PORT")
	bytes=$(at 1 cat /proc/net/udp /proc/net/udp6 2>/dev/null |
		sed -n "s/^ *[0-9]*: [0-9A-F]*:$port [^ ]* [^ ]* [0-9A-F]*:\\([0-9A-F]*\\) .*/\\1/p" |
		sort | tail -n 1)
	echo $((0x${bytes:-0} / 1024))
}

holds_enough()
{
	[ "$(unread_kib)" -ge "$UNREAD_KIB" ]
}

# leave_unread: a UDP socket is full and is not read. Sets unread to its process.
# shellcheck disable=SC2086 # IPERF is words
leave_unread()
{
	start_server "$UNREAD_PORT" --forceflush
	at 0 $IPERF $FAMILY -c "$FAR" -p "$UNREAD_PORT" -t 1000 -u -b "$UDP_RATE" -l 1400 >/dev/null 2>&1 &
	wait_for grep -q "sec .*Bytes" "/tmp/iperf-server-$UNREAD_PORT" ||
		fail "$mode: no datagrams arrive"
	unread=$(pids_with "-s -p $UNREAD_PORT")
	kill -STOP "$unread"
	wait_for holds_enough || fail "$mode: an unread socket holds $(unread_kib) KiB only"
}

# Pages that are free, those that a CPU keeps for itself included, in KiB.
free_kib()
{
	[ ! -e /proc/sys/vm/stat_refresh ] || echo 1 >/proc/sys/vm/stat_refresh
	awk '$1 == "nr_free_pages" || $1 == "count:" { n += $2 } END { print n * 4 }' /proc/zoneinfo
}

# read_unread: what the socket still holds is memory again when it has been read.
read_unread()
{
	local before back

	before=$(free_kib)
	stat_of unread_kib "$(unread_kib)"
	kill -CONT "$unread"
	wait_for socket_is_empty || fail "$mode: the unread socket is not read"
	# The last packet is freed when the next one is asked for.
	sleep 1
	back=$(($(free_kib) - before))
	stat_of unread_back_kib $((back > 0 ? back : 0))
	kill -9 "$unread"
	unread=
}

socket_is_empty()
{
	[ "$(unread_kib)" = 0 ]
}

uptime_ms()
{
	local now

	read -r now _ </proc/uptime
	# The hundredths have a zero before them, which is not octal.
	echo $((${now%.*} * 1000 + (1${now#*.} - 100) * 10))
}

# unload NAME: it waits for no packet, so it takes as long as closing the devices.
unload()
{
	local began limit=$((UNLOAD_SECONDS * STARVED * 1000)) pid

	began=$(uptime_ms)
	rmmod vnic &
	pid=$!
	while kill -0 $pid 2>/dev/null && [ $(($(uptime_ms) - began)) -lt $limit ]; do
		usleep 20000
	done
	! kill -0 $pid 2>/dev/null ||
		fail "$mode: unloading takes longer than $((limit / 1000)) s ($1)"
	wait $pid || fail "$mode: rmmod vnic failed ($1)"
	stat_of "$1_ms" $(($(uptime_ms) - began))
	report_unloaded vnic "stat $mode $1_"
}

pools_hold()
{
	cat /sys/kernel/debug/dualtree/pools/* | awk '$1 == "held_bytes" { n += $2 } END { print n + 0 }'
}

pools_are_empty()
{
	[ "$(pools_hold)" = 0 ]
}

# check_memory NAME: without an instance all memory is the kernel's again. Of pages that sockets
# still hold only the sockets know.
check_memory()
{
	wait_seconds 10 pools_are_empty
	stat_of "$1_held" "$(pools_hold)"
}

unload_unread()
{
	start_traffic
	leave_unread
	unload unread
	stop_traffic
	check_memory unread
	read_unread
}

# Packets wait in the device's own lists for others to be merged with.
unload_gro()
{
	gro_flush_timeout=1000000000
	load_vnic "$@"
	gro_flush_timeout=0
	set_mtu 9000
	start_traffic
	unload gro
	stop_traffic
	check_memory gro
}

# What was read on another CPU waits to be freed on the one that received it: that one goes.
unload_offline()
{
	local pid online=/sys/devices/system/cpu/cpu3/online

	load_vnic "$@"
	start_traffic
	for pid in $(pids_with "-s -p $IPERF_PORT"); do
		taskset -p -c 0 "$pid" >/dev/null
	done
	for pid in $(pids_with "-c $FAR"); do
		taskset -p -c 3 "$pid" >/dev/null
	done
	sleep 1
	echo 0 >$online || fail "CPU 3 does not go offline"
	unload offline
	stop_traffic
	check_memory offline
	echo 1 >$online
}

ranges_pinned()
{
	cat $STATS/*/stats | awk '/^pinned_ranges/ { n += $2 } END { print n }'
}

nothing_pinned()
{
	[ "$(ranges_pinned)" = 0 ]
}

# No socket is open any more, and no CPU receives anything: what packets held comes back all the
# same.
unload_idle()
{
	load_vnic "$@"
	fetch_all
	check_fetched "before unloading idle"
	wait_seconds 10 nothing_pinned
	stat_of idle_pinned_ranges "$(ranges_pinned)"
	unload idle
	check_memory idle
}

load_vnic()
{
	load "$HERE/vnic.ko" "$@" || exit 1
	# Before they move: sysfs shows this namespace.
	echo "$gro_flush_timeout" >/sys/class/net/vnic0/gro_flush_timeout
	echo "$gro_flush_timeout" >/sys/class/net/vnic1/gro_flush_timeout
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
	step "$mode: unloading, sockets unread"
	unload_unread
	step "$mode: unloading, packets in GRO"
	unload_gro "$@"
	step "$mode: unloading, the CPU offline"
	unload_offline "$@"
	step "$mode: unloading idle"
	unload_idle "$@"
	# httpd has gone to the background by itself.
	# shellcheck disable=SC2046 # one word for each
	kill $(pidof httpd)
	[ -z "$namespaces" ] || kill "$NS0" "$NS1"
}

# A datagram that is lost does not come again: give receivers room.
echo 4194304 >/proc/sys/net/core/rmem_default
echo 4194304 >/proc/sys/net/core/rmem_max
gro_flush_timeout=0
unread=
step "loading dualtree and dualtree_netbuf"
load "$HERE/dualtree.ko" || exit 1
load "$HERE/dualtree_netbuf.ko" || exit 1
make_file
while read -r mode parameters <&3; do
	# shellcheck disable=SC2086 # parameters are words
	run_mode $parameters
done 3<"$HERE/modes"
finish_ok
