#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Usage: compat/probe.sh SRCTREE SRCARCH
#
# Prints -DDT_HAVE_X=1 or =0 for each difference between kernel releases, as found in the headers
# of the kernel source SRCTREE. compat/*.h choose by them. A version number does not answer this:
# vendors and stable releases take calls from newer kernels.
#
# A wrong answer chooses a name that the kernel lacks, so the build fails. Where no name depends on
# it, 0 is the safe answer. Nothing is compiled or written: sources may be read-only, and the cost
# is some tens of milliseconds.
#
# Status: 0, or 1 with a line on stderr and nothing on stdout if SRCTREE holds no kernel headers.
set -eu

srctree=$1 srcarch=$2

if [ ! -f "$srctree/include/linux/hrtimer.h" ]; then
	echo "compat/probe.sh: no include/linux/hrtimer.h in $srctree" >&2
	exit 1
fi

# The probes, sorted by name. Three fields, separated by tabs: the X of DT_HAVE_X, a header, and
# an extended regular expression that the header's code matches. Comments are removed first, and
# white space becomes one blank. A header that is missing matches nothing.
probes='
ALLOC_NETDEV_DUMMY	include/linux/netdevice.h	\*alloc_netdev_dummy\(
APIC_SEND_IPI_MASK	arch/ARCH/include/asm/apic.h	[ *]__apic_send_IPI_mask\(
ASSIGN_STR_SOURCE	include/trace/stages/stage6_event_callback.h	define __assign_str\([^ ,)]+,
ETHTOOL_PUTS	include/linux/ethtool.h	[ *]ethtool_puts\(
HRTIMER_SETUP	include/linux/hrtimer.h	[ *]hrtimer_setup\(
NETNS_TRACKER_REFCOUNTED	include/net/net_namespace.h	[ *]__netns_tracker_free\(
NS_STRING	include/linux/module.h	MODULE_INFO\(import_ns, ?ns\)
PAGE_FRAG_CACHE_DRAIN	include/linux/gfp.h	[ *]page_frag_cache_drain\(
PAGE_FRAG_CACHE_H	include/linux/page_frag_cache.h	[ *]page_frag_cache_drain\(
PAGE_POOL_HELPERS	include/net/page_pool/helpers.h	\*page_pool_dev_alloc_pages\(
RISCV_CMPXCHG_8	arch/riscv/include/asm/cmpxchg.h	define __arch_cmpxchg_masked\(
SHRINKER_ALLOC	include/linux/shrinker.h	\*shrinker_alloc\(
SKB_FRAGS_READABLE	include/linux/skbuff.h	[ *]skb_frags_readable\(
SK_NET_REFCNT_UPGRADE	include/net/sock.h	[ *]sk_net_refcnt_upgrade\(
SOCKADDR_UNSIZED	include/linux/net.h	[ *]kernel_bind\([^;]*sockaddr_unsized
SYSTEM_PERCPU_WQ	include/linux/workqueue.h	\*system_percpu_wq;
TCP_ALLOC_SKB_SIZE	include/net/tcp.h	[ *]tcp_stream_alloc_skb\([^,;]*, ?int size
TIMER_DELETE_SYNC	include/linux/timer.h	[ *]timer_delete_sync\(
UBUF_INFO_OPS	include/linux/skbuff.h	struct ubuf_info_ops \{
UDP_TEST_BIT	include/linux/udp.h	define udp_test_bit\(
XDP_FEATURES	include/net/xdp.h	[ *]xdp_set_features_flag\(
'

# shellcheck disable=SC2016 # for awk
printf '%s' "$probes" | tr '\n' '\001' |
	"${AWK:-awk}" -F '\t' -v RS='\001' -v srctree="$srctree" -v srcarch="$srcarch" '
# A whole file is one record.
function code_of(file,   text)
{
	text = ""
	getline text <file
	close(file)
	gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ", text)
	gsub(/\/\/[^\n]*/, "", text)
	gsub(/[ \t\n]+/, " ", text)
	return text
}

NF == 3 {
	sub(/ARCH/, srcarch, $2)
	flags = flags " -DDT_HAVE_" $1 "=" (code_of(srctree "/" $2) ~ $3)
}

END { print substr(flags, 2) }'
