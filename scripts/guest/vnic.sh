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
# UNLOAD_SECONDS (that rmmod may take), UNREAD_KIB (that a socket holds that is not read), DATAGRAMS
# (that a ring of AF_PACKET captures) and MAPPED_MIB (of a TCP stream that its reader maps).
# /run/harness/modes has a line for each mode: its name and the module's parameters.
#
# A kernel without namespaces keeps both ends in one: see traffic.sh.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh
# shellcheck source=scripts/guest/traffic.sh
. /run/harness/traffic.sh

STATS=/sys/kernel/debug/vnic
IF0=vnic0
IF1=vnic1
UNREAD_PORT=5202

# shellcheck source=/dev/null
. "$HERE/vnic.conf"
PATIENCE=$((PATIENCE * STARVED))

# namespace_of END: its file, or -.
namespace_of()
{
	[ -z "$namespaces" ] && echo - || echo "/proc/$(ns_of "$1")/ns/net"
}

# run_ring MTU: datagrams are captured in a ring that user space maps.
run_ring()
{
	timeout "$PATIENCE" "$HERE/vnic_ring" "$(namespace_of 0)" "$(namespace_of 1)" "$FAR" "$IF1" \
		$(($1 - 100)) "$DATAGRAMS" >/tmp/ring 2>&1 ||
		fail "$mode: a ring of AF_PACKET, mtu $1: $(tail -n 1 /tmp/ring)"
	stat_of "captured_$1" "$(sed -n 's/^captured //p' /tmp/ring)"
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
		stats_of "end${end}_" <"/tmp/stats$end"
	done
}

# stat_now NAME: of vnic1.
stat_now()
{
	sed -n "s/^$1 //p" "$STATS/vnic1/stats"
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

pools_are_empty()
{
	[ "$(pools_held)" = 0 ]
}

# check_memory NAME: without an instance all memory is the kernel's again. Of pages that sockets
# still hold only the sockets know.
check_memory()
{
	wait_seconds 10 pools_are_empty
	stat_of "$1_held" "$(pools_held)"
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

stream_ended()
{
	grep -q . /tmp/mapped
}

# unload_mapped PARAMETER...: a reader has mapped a TCP stream in segments of a page, with time
# stamps, and some of it is still mapped.
unload_mapped()
{
	local headers=72 reader

	[ -z "$namespaces" ] || headers=52
	load_vnic "$@"
	set_mtu $((4096 + headers))
	"$HERE/vnic_mapped" "$(namespace_of 0)" "$(namespace_of 1)" "$FAR" "$MAPPED_MIB" \
		>/tmp/mapped 2>&1 &
	reader=$!
	wait_for stream_ended || fail "$mode: no end of a stream that is mapped"
	unload mapped
	check_memory mapped
	kill -TERM $reader
	wait $reader || fail "$mode: a stream that is mapped: $(tail -n 1 /tmp/mapped)"
	grep -v held /tmp/mapped | stats_of stream_
}

# unload_closed PARAMETER...: what a socket reads after the ends have been closed is memory again,
# though no frame will come.
unload_closed()
{
	load_vnic "$@"
	leave_unread
	stop_traffic
	at 0 ip link set "$IF0" down
	at 1 ip link set "$IF1" down
	stat_of closed_kib $(($(stat_now pinned_bytes) / 1024))
	kill -CONT "$unread"
	wait_for socket_is_empty || fail "$mode: the unread socket is not read"
	# The last packet is freed when the socket is.
	kill -9 "$unread"
	unread=
	wait_seconds 10 nothing_pinned
	stat_of closed_pinned_ranges "$(ranges_pinned)"
	unload closed
	check_memory closed
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
	load vnic.ko "$@" || exit 1
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
		step "$mode, mtu $mtu: a ring of AF_PACKET"
		run_ring $mtu
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
	step "$mode: unloading, the ends closed"
	unload_closed "$@"
	if [ "$mode" = split ]; then
		step "$mode: unloading, a stream mapped"
		unload_mapped "$@"
	fi
	step "$mode: unloading idle"
	unload_idle "$@"
	end_namespaces
}

gro_flush_timeout=0
unread=
prepare_traffic
while read -r mode parameters <&3; do
	# shellcheck disable=SC2086 # parameters are words
	run_mode $parameters
done 3<"$HERE/modes"
finish_ok
