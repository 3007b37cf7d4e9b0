# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Two network devices of one guest that talk to each other, end 0 and end 1, each in a network
# namespace of its own; scripts/guest/vnic.sh and nic.sh source it. End 0 runs the clients, end 1
# the servers. To be sourced after lib.sh; uses iperf3, which is in HERE with its libraries.
#
#   IF0, IF1             the devices, which the script sets. if_of END prints one
#   RUN_SECONDS, PINGS, KIB, UDP_RATE, PATIENCE
#                        as scripts/guest/vnic.sh says
#   mode                 what is reported and failed is said to be of this mode
#   prepare_traffic      loads dualtree and dualtree_netbuf, makes the file that is served
#   make_namespaces      NS0 and NS1 are the processes that keep them; at END COMMAND...
#   set_up_end END       moves its device there; addresses 10.9.0.END+1 and fd09::END+1
#   end_namespaces       and what serves in them
#   find_far_end         what end 1 is called from end 0: FAR and FAR6
#   run_pings, run_iperfs MTU, run_wgets MTU
#                        traffic; each program's result is looked at, and what was fetched is
#                        compared with what was served
#   check_checksums      none may have been wrong
#   start_traffic        streams and pings, until stop_traffic; packets arrive at end 1, of which
#                        the script's stat_now rx_packets prints the number. unread is a server
#                        that goes on, or nothing
#
# A kernel without namespaces keeps both ends in one. There what goes from one of its own
# addresses to another one never sees a device, but for IPv6 addresses of a link: they are
# looked for on that link alone. So there all of it is IPv6.

WWW=/tmp/www
IPERF="$HERE/ld.so --library-path $HERE $HERE/iperf3"
IPERF_PORT=5201
mode=
unread=

# if_of END
if_of()
{
	[ "$1" = 0 ] && echo "$IF0" || echo "$IF1"
}

# stat_of NAME VALUE: of the mode that runs.
stat_of()
{
	report "stat $mode $1 $2"
}

# ns_of END: the process that keeps its namespace.
ns_of()
{
	[ "$1" = 0 ] && echo "$NS0" || echo "$NS1"
}

# stats_of WORD: each line "NAME VALUE" of stdin, as WORDNAME.
stats_of()
{
	local name value

	while read -r name value; do
		stat_of "$1$name" "$value"
	done
}

# at END COMMAND...: in that end's namespace.
at()
{
	local end=$1

	shift
	[ -z "$namespaces" ] || set -- nsenter -t "$(ns_of "$end")" -n "$@"
	"$@"
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

end_namespaces()
{
	# httpd has gone to the background by itself.
	# shellcheck disable=SC2046 # one word for each
	kill $(pidof httpd)
	[ -z "$namespaces" ] || kill "$NS0" "$NS1"
}

has_namespace()
{
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# set_up_end END: in namespaces its addresses are 10.9.0.END+1 and fd09::END+1.
set_up_end()
{
	local name

	name=$(if_of "$1")
	if [ -n "$namespaces" ]; then
		ip link set "$name" netns "$(ns_of "$1")" || fail "$name does not move"
		at "$1" ip link set lo up
		at "$1" ip addr add "10.9.0.$(($1 + 1))/24" dev "$name" ||
			fail "$name: no IPv4 address"
	fi
	sysctl_at "$1" "ipv6/conf/$name/accept_dad" 0
	at "$1" ip link set "$name" up || fail "$name does not come up"
	[ -z "$namespaces" ] || at "$1" ip addr add "fd09::$(($1 + 1))/64" dev "$name"
}

link_address()
{
	ip addr show dev "$IF1" | sed -n 's|.* inet6 \(fe80:[^/]*\)/.*|\1|p'
}

has_link_address()
{
	[ -n "$(link_address)" ]
}

# What end 1 is called from end 0: FAR and FAR6, and what iperf3 needs for FAR.
find_far_end()
{
	if [ -n "$namespaces" ]; then
		FAR=10.9.0.2 FAR6=fd09::2 FAMILY=-4
		return
	fi
	wait_for has_link_address || fail "$IF1 has no address of its link"
	FAR=$(link_address)%$IF0 FAR6=$FAR FAMILY=-6
}

set_mtu()
{
	at 0 ip link set "$IF0" mtu "$1" || fail "$IF0: mtu $1"
	at 1 ip link set "$IF1" mtu "$1" || fail "$IF1: mtu $1"
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

prepare_traffic()
{
	# A datagram that is lost does not come again: give receivers room.
	echo 4194304 >/proc/sys/net/core/rmem_default
	echo 4194304 >/proc/sys/net/core/rmem_max
	step "loading dualtree and dualtree_netbuf"
	load dualtree.ko || exit 1
	load dualtree_netbuf.ko || exit 1
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
			[ "$wrong" = 0 ] || fail "$mode: $(if_of $end): $wrong wrong $protocol checksums"
		done
	done
}

# pids_with WORDS: the processes of iperf3 that have these words on their command line.
pids_with()
{
	local pid

	for pid in $(iperf_pids); do
		! tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q -- "$1 " || echo "$pid"
	done
}

# iperf_pids: what nsenter and timeout became.
iperf_pids()
{
	grep -ls "^$HERE/ld.so" /proc/[0-9]*/cmdline | cut -d/ -f3
}

# wait_seconds N COMMAND...: as wait_for, for what is done in N seconds where no CPU is missed.
wait_seconds()
{
	local PATIENCE=$(($1 * STARVED))

	shift
	wait_for "$@"
}

# more_arrived BEFORE
more_arrived()
{
	[ "$(stat_now rx_packets)" -gt "$1" ]
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

uptime_ms()
{
	local now

	read -r now _ </proc/uptime
	# The hundredths have a zero before them, which is not octal.
	echo $((${now%.*} * 1000 + (1${now#*.} - 100) * 10))
}

# Pages that are free, those that a CPU keeps for itself included, in KiB.
free_kib()
{
	[ ! -e /proc/sys/vm/stat_refresh ] || echo 1 >/proc/sys/vm/stat_refresh
	awk '$1 == "nr_free_pages" || $1 == "count:" { n += $2 } END { print n * 4 }' /proc/zoneinfo
}
