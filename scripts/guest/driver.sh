#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/check driver: loads and unloads the driver of driver.rst, and
# reports its lines.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh

step "loading the driver"
load /run/harness/dualtree.ko || exit 1
load /run/harness/keeper.ko || exit 1
rmmod keeper || fail "rmmod keeper failed"
dmesg | sed -n 's/.*\(keeper: \)/\1/p' >/tmp/lines
report_lines "" </tmp/lines
finish_ok
