#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's part of scripts/check driver: loads and unloads the driver of driver.rst, and
# reports its lines.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh

step "loading the driver"
load dualtree.ko || exit 1
load keeper.ko || exit 1
rmmod keeper || fail "rmmod keeper failed"
dmesg | sed -n 's/.*\(keeper: \)/\1/p' | report_lines ''
finish_ok
