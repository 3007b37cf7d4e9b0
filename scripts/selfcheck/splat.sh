# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A guest that ends well while its console does not: the token alone must not do. The
# line is the one complaint in the log, from the kernel's mouth as far as the host can
# tell, and comes without a trace and without a taint.

# shellcheck source=scripts/guest/lib.sh
. /lib/guest.sh
step "complaining"
echo "BUG: sleeping function called from invalid context at nowhere.c:1" >/dev/kmsg
finish_ok
