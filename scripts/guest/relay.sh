#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/demo --relay: brings up a network card, loads the relay, and
# tells twice a second how it is, until as many publishers have come and gone as are to.
# Those, and the subscribers, are outside. With --hostile there is a second card, and a
# connection to port 9200 ends it.
#
# What is reported is "KEY WORDS", for scripts/lib/relay*.sh to read: ready, sample LINE, stat
# NAME VALUE, line TEXT (what the relay said).
#
# /run/harness/relay.conf sets STREAMS and BAD (publishers that are due), PATIENCE (seconds
# until they must have come and gone), PARAMETERS (of the relay) and IN_PLACE (nothing: the kernel's
# driver has the cards) and HOSTILE (nothing: without --hostile).

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh

SUMMARY=/sys/kernel/debug/flvrelay/summary

# shellcheck source=/dev/null
. "$HERE/relay.conf"

# ethtool_eth0 OPTION WORD...
ethtool_eth0()
{
	local option=$1

	shift
	"$HERE/ld.so" --library-path "$HERE" "$HERE/ethtool" "$option" eth0 "$@"
}

# Our driver takes the cards that it is given. What it receives is kept for seconds: so packets are
# to keep no more than their bytes, and none is to be copied but those of Ethernet's least length,
# which are acknowledgements.
load_ours()
{
	local card

	for card in /sys/bus/pci/devices/*; do
		[ "$(cat "$card/vendor" "$card/device" | tr -d '\n')" = 0x80860x100e ] || continue
		echo dualtree_e1000 >"$card/driver_override"
	done
	load dualtree_e1000.ko || return 1
	ethtool_eth0 --set-priv-flags fragments on && ethtool_eth0 --set-tunable rx-copybreak 60
}

load_driver()
{
	if [ -n "$IN_PLACE" ]; then
		load_ours
	else
		load e1000.ko
	fi
}

set_up_network()
{
	load_driver || return 1
	ip link set eth0 up || return 1
	# The addresses that QEMU's user networking gives out.
	ip addr add 10.0.2.15/24 dev eth0 || return 1
	ip route add default via 10.0.2.2
	[ -n "$HOSTILE" ] || return 0
	ip link set eth1 up || return 1
	ip addr add 192.0.2.1/24 dev eth1
}

# Sockets of the relay's two ports, 9100 and 9101, that neither listen nor have ended.
relay_sockets()
{
	awk '$2 ~ /:238[CD]$/ && $4 != "0A" && $4 != "06"' /proc/net/tcp | wc -l
}

# sample: reports a line of NAME=VALUE words and sets $over if all publishers are gone.
sample()
{
	line=$(awk -v footprint="$(pools_held)" -v uptime="$(cut -d' ' -f1 /proc/uptime)" \
		-v streams="$STREAMS" -v bad="$BAD" -v sockets="$(relay_sockets)" '
	{ value[$1] = $2; line = line " " $1 "=" $2 }
	END {
		over = !value["streaming"] && value["streams"] >= streams &&
			value["bad_streams"] >= bad
		printf "%d uptime=%s footprint_bytes=%s sockets=%s%s", over, uptime, footprint,
			sockets, line
	}' "$SUMMARY")
	over=${line%% *}
	report "sample ${line#* }"
}

follow()
{
	deadline=$(($(uptime_seconds) + PATIENCE * STARVED))
	over=0
	while [ "$over" = 0 ]; do
		if [ "$(uptime_seconds)" -ge "$deadline" ]; then
			fail "after $((PATIENCE * STARVED)) seconds not all publishers had come and gone"
			return
		fi
		usleep 500000
		sample
		[ -z "$HOSTILE" ] || over=$(kill -0 "$stopper" 2>/dev/null; echo $?)
	done
}

step "loading dualtree, dualtree_netbuf, the network card's driver and flvrelay"
load dualtree.ko || exit 1
load dualtree_netbuf.ko || exit 1
set_up_network || exit 1
# shellcheck disable=SC2086 # parameters are words
load flvrelay.ko $PARAMETERS || exit 1

step "relaying"
if [ -n "$HOSTILE" ]; then
	nc -l -p 9200 </dev/null >/dev/null 2>&1 &
	stopper=$!
fi
report ready
follow

step "unloading"
report_lines stat <"$SUMMARY"
rmmod flvrelay || fail "rmmod flvrelay failed"
report "stat sockets_left $(relay_sockets)"
if [ -n "$IN_PLACE" ]; then
	ethtool_eth0 -S | sed -n 's/^ *\(in_place\|copied\): /card_\1 /p' | report_lines stat
	rmmod dualtree_e1000 || fail "rmmod dualtree_e1000 failed"
fi
dmesg | sed -n 's/^.*\] flvrelay: //p' | report_lines line
rmmod dualtree_netbuf || fail "rmmod dualtree_netbuf failed"
report_pools_used
finish_ok
