#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/pressure: a pool falls idle, a hog wants more memory than
# there is without it, and gets it because the pool gives its idle arenas back. Then a
# cgroup is charged for a pool that a task of it makes, if the pool is to be accounted.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh
POOL=/sys/kernel/debug/dualtree/pools/idle_pool

held()
{
	echo $(($(awk '/^held_bytes/ { print $2 }' "$POOL") >> 20))
}

# MiB of the pool that is charged, and MiB that a cgroup is charged for other things.
CHARGED_MIB=16
OTHER_MIB=6

charged()
{
	echo $(($(cat /cg/user/memory.current) >> 20))
}

# load_charged ACCOUNT: sets $charged to what the cgroup is charged with the pool, and to what is
# left of that without it.
load_charged()
{
	echo $$ >/cg/user/cgroup.procs
	load idle_pool.ko "mib=$CHARGED_MIB" "account=$1" || exit 1
	# The charge stays where it was made.
	echo $$ >/cg/cgroup.procs
	charged=$(charged)
	rmmod idle_pool || fail "rmmod idle_pool failed"
	left=$(charged)
}

read -r mib <size

step "a pool falls idle"
# By themselves its arenas would stay for an hour.
load dualtree.ko trim_delay_ms=3600000 || exit 1
load idle_pool.ko "mib=$mib" || exit 1
before=$(available_mib)
idle=$(held)
[ "$idle" -ge "$mib" ] || fail "the pool holds $idle MiB of $mib"

step "memory pressure"
# What the pool has to give for it, less what the kernel has beyond MemAvailable.
need=$((idle * 3 / 4))
want=$((before + need))
mkdir /hog
mount -t tmpfs -o size=100% tmpfs /hog || exit 1
if ! dd if=/dev/zero of=/hog/file bs=1M count="$want" 2>/tmp/dd; then
	fail "the hog could not have $want MiB: $(cat /tmp/dd)"
fi
left=$(held)
rm /hog/file
after=$(available_mib)

report "MemAvailable before   $before MiB, of which nothing is in the pool"
report "idle in the pool      $idle MiB"
report "taken by the hog      $want MiB"
report "left in the pool      $left MiB"
report "MemAvailable after    $after MiB"
[ "$left" -le $((idle / 2)) ] || fail "the pool still holds $left of $idle MiB"
[ "$after" -ge $((before + idle / 4)) ] || fail "MemAvailable went from $before to $after MiB"
if dmesg | grep -q 'Out of memory\|oom-kill'; then
	fail "the kernel ran out of memory while the pool was idle"
fi

step "a cgroup is charged"
rmmod idle_pool || fail "rmmod idle_pool failed"
mkdir /cg
mount -t cgroup2 cgroup2 /cg || exit 1
echo +memory >/cg/cgroup.subtree_control
mkdir /cg/user
load_charged 0
report "charged without account $charged MiB"
[ "$charged" -le "$OTHER_MIB" ] || fail "the cgroup is charged $charged MiB without account"
load_charged 1
report "charged with account  $charged MiB of $CHARGED_MIB, then $left MiB"
[ "$charged" -ge "$CHARGED_MIB" ] || fail "the cgroup is charged $charged MiB of $CHARGED_MIB"
[ "$left" -le "$OTHER_MIB" ] || fail "the cgroup is still charged $left MiB"
finish_ok
