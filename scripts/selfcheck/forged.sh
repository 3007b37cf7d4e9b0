# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A guest that writes a token of its own, as an older run's left-over would look, and
# ends the machine: it must not pass.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh
step "forging"
say taint 0
say token 00112233445566778899aabbccddeeff
reboot -f
