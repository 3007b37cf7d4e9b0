#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's second part of scripts/pressure: memory is fragmented, a hog takes most of it, and a
# hard interrupt gets all blocks that a reserve promises, again and again. The OOM killer is not
# called for what the pool takes.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh
PARAMETERS=/sys/module/irq_reserve/parameters
POOL=/sys/kernel/debug/dualtree/pools/irq_reserve

# What the hog leaves, in MiB, and how often the interrupt takes all.
LEFT=24
ROUNDS=5

read -r blocks <size
step "a pool with a reserve"
load dualtree.ko || exit 1
load irq_reserve.ko "blocks=$blocks" || exit 1

step "memory is fragmented"
echo $(($(available_mib) - 2 * LEFT)) >$PARAMETERS/fragment
step "a hog"
want=$(($(available_mib) - LEFT))
mkdir /hog
mount -t tmpfs -o size=100% tmpfs /hog || exit 1
dd if=/dev/zero of=/hog/file bs=1M count="$want" 2>/tmp/dd || fail "the hog: $(cat /tmp/dd)"
report "MemAvailable          $(available_mib) MiB"
report "free, by order       $(awk '{ for (i = 5; i <= NF; i++) sum[i] += $i }
	END { for (i = 5; i <= NF; i++) printf " %d", sum[i] }' /proc/buddyinfo)"

round=0
while [ "$round" -lt "$ROUNDS" ]; do
	round=$((round + 1))
	step "the interrupt, time $round"
	echo 1 >$PARAMETERS/take || fail "it was no hard interrupt"
	got=$(cat $PARAMETERS/take)
	report "blocks in interrupt   $got"
	[ "${got% of *}" -ge "$blocks" ] || fail "the reserve promises $blocks blocks, $got were had"
	# The refill works meanwhile, or has nothing to work with.
	sleep 2
done
report "pool                  $(awk '/^(held|free|record)_bytes/ { printf "%s %d KiB  ", $1, $2 / 1024 }' $POOL)"
if dmesg | grep -q 'Out of memory\|oom-kill\|invoked oom'; then
	fail "the OOM killer was called"
fi
rm /hog/file
finish_ok
