#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/nic: two cards on one hub, one with the kernel's driver and one with
# samples/e1000, each in a namespace of its own. Each in turn is the end with the servers. Then XDP
# programs on ours, its link, rings and sleep amid traffic, sockets that are not read, and removal
# with all of that going on.
#
# Promises: every program's result is looked at; what was fetched is compared with what was served,
# and what slow readers got with what was sent. What is reported is "stat MODE NAME VALUE", where
# MODE is the driver that receives: ours or kernels.
#
# /run/harness/nic.conf sets what traffic.sh and vnic.sh name, and MTUS, SOCKETS (that do not read),
# SEED, IOMMU (yes, or nothing: there is none), PARAMETERS (of the module), COUNTED (words
# MTU:SIZE:BATCH), FRAMES, and PARTS, of: hello traffic xdp changes readers remove count.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh
# shellcheck source=scripts/guest/traffic.sh
. /run/harness/traffic.sh

PCI=/sys/bus/pci
KERNELS=0000:00:04.0
OURS=0000:00:05.0
POOLS=/sys/kernel/debug/dualtree/pools

# shellcheck source=/dev/null
. "$HERE/nic.conf"
PATIENCE=$((PATIENCE * STARVED))

# driver_of ADDRESS
driver_of()
{
	basename "$(readlink "$PCI/devices/$1/driver")"
}

# device_of ADDRESS: the network device. They are only seen here while they are in this namespace.
device_of()
{
	ls "$PCI/devices/$1/net" 2>/dev/null
}

# reserve_ours: from now on no driver but ours takes our card.
reserve_ours()
{
	echo dualtree_e1000 >"$PCI/devices/$OURS/driver_override"
	[ ! -e "$PCI/devices/$OURS/driver" ] || echo "$OURS" >"$PCI/devices/$OURS/driver/unbind"
}

load_drivers()
{
	reserve_ours
	load e1000.ko || exit 1
	[ "$(driver_of "$KERNELS")" = e1000 ] || fail "the kernel's driver takes no card"
	IF0=$(device_of "$KERNELS")
	load_ours
}

load_ours()
{
	# shellcheck disable=SC2086 # words
	load dualtree_e1000.ko $PARAMETERS || exit 1
	ours_has dualtree_e1000
}

# ours_has DRIVER: our card has it, or all ends.
ours_has()
{
	[ "$(driver_of "$OURS")" = "$1" ] || {
		fail "our card has the driver $(driver_of "$OURS")"
		exit 1
	}
	IF1=$(device_of "$OURS")
}

check_iommu()
{
	local kind

	kind=$(cat "$PCI/devices/$OURS/iommu_group/type" 2>/dev/null)
	[ "$kind" = "${IOMMU:+DMA}" ] || fail "our card's IOMMU domain is '$kind'"
}

# has_link END
has_link()
{
	at "$1" ip link show dev "$(if_of "$1")" | grep -q LOWER_UP
}

wait_links()
{
	wait_for has_link 0 || fail "$IF0 has no link"
	wait_for has_link 1 || fail "$IF1 has no link"
}

# swap_ends: the end with the clients becomes the one with the servers.
swap_ends()
{
	local other

	other=$NS0 NS0=$NS1 NS1=$other
	other=$IF0 IF0=$IF1 IF1=$other
	if [ "$mode" = ours ]; then
		mode=kernels FAR=10.9.0.1 FAR6=fd09::1
	else
		mode=ours FAR=10.9.0.2 FAR6=fd09::2
	fi
}

# ethtool_ours OPTION...: ethtool on our card; ours is end 1.
ethtool_ours()
{
	local option=$1

	shift
	at 1 "$HERE/ld.so" --library-path "$HERE" "$HERE/ethtool" "$option" "$IF1" "$@"
}

# ours_value NAME: of our card's counters.
ours_value()
{
	ethtool_ours -S | sed -n "s/^ *$1: //p"
}

report_ours()
{
	ethtool_ours -S | sed -n 's/^ *\([a-z_]*\): \([0-9]*\)$/\1 \2/p' | stats_of card_
}

run_hello()
{
	step "$mode receives: ping"
	ping_across "$FAR" 1400
}

run_traffic()
{
	for mtu in $MTUS; do
		set_mtu "$mtu"
		wait_links
		for end in 0 1; do
			step "$mode receives, mtu $mtu: ping"
			run_pings
			step "$mode receives, mtu $mtu: iperf3"
			run_iperfs "$mtu"
			step "$mode receives, mtu $mtu: wget"
			run_wgets "$mtu"
			swap_ends
		done
	done
	set_mtu 1500
	wait_links
	check_checksums
}

xdp_attached()
{
	grep -q attached /tmp/xdp || ! kill -0 "$xdp" 2>/dev/null
}

# xdp_on PROGRAM
xdp_on()
{
	step "XDP: $1"
	: >/tmp/xdp
	# Not by at(): this is to be the program's own process.
	nsenter -t "$NS1" -n "$HERE/nic_xdp" "$IF1" "$1" >/tmp/xdp 2>&1 &
	xdp=$!
	wait_for xdp_attached
	grep -q attached /tmp/xdp || fail "XDP: $1: $(head -n 1 /tmp/xdp)"
	wait_links
}

xdp_off()
{
	kill "$xdp"
	wait "$xdp" 2>/dev/null
	wait_links
}

# counted NAME PROGRAM: our card has counted at least as many as were pinged.
counted()
{
	local nr

	nr=$(ours_value "$1")
	stat_of "$1" "$nr"
	[ "${nr:-0}" -ge "$PINGS" ] || fail "XDP: $2: $1 is ${nr:-not there}"
}

# answer_pings PROGRAM COUNTER
answer_pings()
{
	xdp_on "$1"
	ping_across "$FAR" 56
	ping_across "$FAR" 1400
	counted "$2" "$1"
	xdp_off
}

run_xdp()
{
	xdp_on pass
	run_pings
	run_wgets xdp
	counted xdp_passed pass
	at 1 ip link set "$IF1" mtu 9000 2>/dev/null && fail "XDP: a frame of 9000 bytes fits no page"
	xdp_off
	xdp_on drop
	at 0 ping -q -c 3 -W 1 "$FAR" >/dev/null && fail "XDP: a dropped ping was answered"
	[ "$(ours_value xdp_dropped)" -gt 0 ] || fail "XDP: nothing was dropped"
	xdp_off
	answer_pings send xdp_sent
	answer_pings redirect xdp_redirected
	ping_across "$FAR" 56
	check_checksums
}

# amid_fetching COMMAND...: what is fetched meanwhile arrives all the same.
amid_fetching()
{
	fetch_all
	wait_for all_fetching || fail "$mode: wget does not get anything"
	"$@"
	wait_links
	check_fetched "$*"
}

# Down and up, with another MTU; what IPv6 addresses it had are gone then.
close_and_open()
{
	at 1 ip link set "$IF1" down
	at 1 ip link set "$IF1" mtu 4000 || fail "$IF1: mtu 4000"
	at 1 ip link set "$IF1" up
	at 1 ip addr add fd09::2/64 dev "$IF1" 2>/dev/null
	usleep 500000
	at 1 ip link set "$IF1" mtu 1500
}

change_rings()
{
	ethtool_ours -G rx 512 tx 128 || fail "the rings do not change"
	usleep 500000
	ethtool_ours -G rx 256 tx 256 || fail "the rings do not change back"
}

# set_receive FLAG BYTES: fragments on or off, and the length up to which frames are copied.
set_receive()
{
	ethtool_ours --set-priv-flags fragments "$1" || fail "$IF1: fragments $1"
	ethtool_ours --set-tunable rx-copybreak "$2" || fail "$IF1: rx-copybreak $2"
	ethtool_ours --show-priv-flags | grep -q "fragments *: $1" || fail "$IF1: fragments are not $1"
	ethtool_ours --get-tunable rx-copybreak | grep -q ": $2\$" ||
		fail "$IF1: rx-copybreak is not $2"
}

receive_fragments()
{
	set_receive on 60
	usleep 500000
	set_receive off 0
}

negotiate()
{
	ethtool_ours -r || fail "$IF1 does not negotiate"
	usleep 700000
}

# All devices sleep for five seconds, and wake. Of the rest of going to sleep nothing is done.
sleep_and_wake()
{
	echo devices >/sys/power/pm_test
	echo freeze >/sys/power/state || fail "the devices do not go to sleep"
}

see_addresses()
{
	local flag

	for flag in promisc allmulti -allmulti -promisc; do
		at 1 ifconfig "$IF1" $flag || fail "$IF1: $flag"
	done
}

run_changes()
{
	for change in close_and_open change_rings receive_fragments negotiate see_addresses \
		sleep_and_wake; do
		step "ours: $change"
		amid_fetching $change
		stat_of "$change" 1
	done
	check_checksums
}

# shrink_slabs: what an earlier measurement has freed is the machine's again.
shrink_slabs()
{
	local slab

	for slab in /sys/kernel/slab/*/shrink; do
		echo 1 >"$slab" 2>/dev/null
	done
}

# run_readers: the machine has room for what all sockets are allowed.
run_readers()
{
	echo "4000000 4000000 4000000" >/proc/sys/net/ipv4/udp_mem
	set_mtu 9000
	wait_links
	for end in 0 1; do
		ping_across "$FAR" 56
		step "$mode receives: slow readers"
		shrink_slabs
		"$HERE/nic_sockets" "/proc/$NS1/ns/net" "/proc/$NS0/ns/net" "$FAR" "$SOCKETS" "$SEED" \
			>/tmp/readers 2>&1 || fail "$mode: readers: $(tail -n 1 /tmp/readers)"
		stats_of readers_ </tmp/readers
		swap_ends
	done
	set_mtu 1500
	wait_links
}

sockets_full()
{
	grep -q full /tmp/held || ! kill -0 "$held" 2>/dev/null
}

# stat_now NAME: for start_traffic.
stat_now()
{
	ours_value "$1"
}

# start_all: streams, pings, and sockets that are not read.
start_all()
{
	: >/tmp/held
	"$HERE/nic_sockets" "/proc/$NS1/ns/net" "/proc/$NS0/ns/net" "$FAR" 100 "$SEED" hold \
		>/tmp/held 2>&1 &
	held=$!
	wait_for sockets_full || fail "$mode: the buffers of sockets that do not read are not full"
	start_traffic
}

# The sockets were not read while there was a card: they have what was sent, to the last byte.
end_all()
{
	stop_traffic
	kill "$held"
	wait "$held" || fail "unread sockets: $(tail -n 1 /tmp/held)"
	stat_of held_kept "$(sed -n 's/^kept //p' /tmp/held)"
	stat_of held_wrong "$(sed -n 's/^wrong //p' /tmp/held)"
}

# remove_card: as a card that is unplugged, or whose slot is switched off.
remove_card()
{
	local start

	start=$(uptime_ms)
	echo 1 >"$PCI/devices/$OURS/remove"
	stat_of remove_ms $(($(uptime_ms) - start))
	[ ! -e "$PCI/devices/$OURS" ] || fail "the card is not removed"
}

# unload_ours: no pool is left, nothing is live.
unload_ours()
{
	local start

	start=$(uptime_ms)
	rmmod dualtree_e1000 || fail "rmmod dualtree_e1000 failed"
	stat_of "$1_ms" $(($(uptime_ms) - start))
	for pool in "$POOLS/$IF1"*; do
		[ ! -e "$pool" ] || fail "a pool is left: $pool"
	done
	report_unloaded dualtree_e1000 "stat $mode $1_"
}

# plug_in: a card that is found has the first driver that is there for it.
plug_in()
{
	echo 1 >"$PCI/rescan"
	reserve_ours
	load_ours
	set_up_end 1
	wait_links
}

# give_to_kernels: our card has the kernel's driver from now on.
give_to_kernels()
{
	echo "$OURS" >"$PCI/devices/$OURS/driver/unbind"
	echo e1000 >"$PCI/devices/$OURS/driver_override"
	echo "$OURS" >"$PCI/drivers_probe"
	ours_has e1000
	set_up_end 1
	mode=kernels
}

# interrupts_of ADDRESS: those of its line.
interrupts_of()
{
	awk -v line="$(cat "$PCI/devices/$1/irq"):" '$1 == line { print $2 }' /proc/interrupts
}

# count_datagrams NAME ADDRESS SIZE BATCH [MAC]
count_datagrams()
{
	local name=$1 address=$2 size=$3 batch=$4

	shift 4
	"$HERE/nic_count" "/proc/$NS1/ns/net" "/proc/$NS0/ns/net" "$address" "$size" "$batch" \
		"$FRAMES" "$@" >/tmp/count 2>&1 || fail "$mode: $name: $(tail -n 1 /tmp/count)"
	stat_of "$name" "$(sed -n 's/^each //p' /tmp/count)"
}

# No card has it, and no multicast address that a card listens to has its hash.
ABSENT=02:00:00:5a:a5:77

# The same frames are sent again to a card that is not there: the rest is what receiving takes.
count_all()
{
	local mtu size batch before

	for counted in $COUNTED; do
		IFS=: read -r mtu size batch <<-END
			$counted
		END
		step "$mode receives, mtu $mtu: counting, $size bytes, $batch at once"
		set_mtu "$mtu"
		wait_links
		ping_across "$FAR" 56
		before=$(interrupts_of "$OURS")
		count_datagrams "all_$counted" "$FAR" "$size" "$batch"
		stat_of "interrupts_$counted" $(($(interrupts_of "$OURS") - before))
		count_datagrams "send_$counted" 10.9.0.99 "$size" "$batch" "$ABSENT"
	done
}

# run_count: the same card receives, from the same one, with either driver.
run_count()
{
	count_all
	give_to_kernels
	count_all
}

run_remove()
{
	step "$mode: removing the card amid traffic"
	start_all
	report_ours
	remove_card
	unload_ours removed
	end_all
	step "$mode: it is back"
	plug_in
	run_pings
	run_wgets again
	step "$mode: unloading amid traffic"
	start_all
	unload_ours unloaded
	end_all
}

run_all()
{
	local part

	make_namespaces
	[ -n "$namespaces" ] || {
		fail "this kernel has no namespaces"
		exit 1
	}
	load_drivers
	check_iommu
	set_up_end 0
	set_up_end 1
	find_far_end
	wait_links
	at 0 httpd -p 80 -h "$WWW" || fail "httpd does not start"
	at 1 httpd -p 80 -h "$WWW" || fail "httpd does not start"
	mode=ours
	stat_of free_kib_before "$(free_kib)"
	for part in $PARTS; do
		"run_$part"
	done
	stat_of free_kib_after "$(free_kib)"
	end_namespaces
}

prepare_traffic
run_all
finish_ok
