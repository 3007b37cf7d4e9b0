# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A guest that does nothing wrong, and does not say that it came to its end: there
# must be no token.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh
step "nothing"
