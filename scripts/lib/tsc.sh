# SPDX-License-Identifier: GPL-2.0
#
# What a guest of amd64 under TCG is told of its time stamp counter. To be sourced after common.sh
# and arch.sh.
#
#   tsc_append    sets TSC_APPEND, words for the kernel's command line
#
# Under TCG the guest's counter is the host's own, and the kernel measures its frequency in early
# boot against QEMU's timer chip. On a machine with seventeen busy processes QEMU got no CPU in
# time, the measurement was wrong by a factor of eleven, and so was the guest's clock from then on.
# So the kernel is told what was measured here, where a process that waits for a CPU does no harm.

# Nothing where the host's counter does not run at one rate, or cannot be measured: the kernel
# measures by itself then.
tsc_append()
{
	local khz

	TSC_APPEND=
	[ "$GUEST_ARCH" = amd64 ] || return 0
	arch_is_native || return 0
	grep -qw constant_tsc /proc/cpuinfo || return 0
	temp_dir
	"${CC:-gcc}" -O2 -Wall -Wextra -o "$TEMP_DIR/tsc_khz" "$SCRIPTS/lib/tsc_khz.c" 2>/dev/null ||
		return 0
	khz=$("$TEMP_DIR/tsc_khz") || return 0
	TSC_APPEND=tsc_early_khz=$khz
}
