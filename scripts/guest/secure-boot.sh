#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/check secure-boot: tries to load each file of MODULES and reports
# "NAME: loaded", or what insmod says and what the kernel says.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh

try()
{
	before=$(dmesg | wc -l)
	if said=$(insmod "$1" 2>&1); then
		report "$1: loaded"
		rmmod dualtree || fail "rmmod dualtree failed"
		return
	fi
	report "$1: ${said##*: }"
	# insmod tries with both of the system calls.
	dmesg | tail -n "+$((before + 1))" | sed 's/^\[[^]]*\] //' | uniq |
		report_lines "$1:"
}

step "loading modules of four kinds"
for module in unsigned signed altered foreign; do
	try "$module"
done
report "lockdown: $(mount -t securityfs none /sys/kernel/security && cat /sys/kernel/security/lockdown)"
finish_ok
