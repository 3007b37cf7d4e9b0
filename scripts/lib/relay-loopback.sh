# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# scripts/demo --relay --loopback: publisher and subscribers in the guest itself, so that it
# runs on kernels without a network card, like the debug kernel. To be sourced after relay.sh;
# uses built_module, value_of, require, row, amount, thousands and failures[] of scripts/demo.
#
#   loopback_run DIR    boots the guest with the stream in DIR/../in.flv; logs are in DIR
#   loopback_judge DIR  every condition that does not hold, into failures[]
#   loopback_show DIR   the report
#
# Promises: the same that the run over a network card has to show of memory: at the end all
# of it is back, however the module was unloaded.

# What scripts/demo was asked for.
# shellcheck disable=SC2154
: "${kind?}" "${#vm_options[@]}"

# Of unloading amid traffic.
LOOPBACK_ROUNDS=3
# Pieces of 64 KiB that are published in a second.
LOOPBACK_PIECES=5
# A debug kernel that is translated.
LOOPBACK_TIMEOUT=1500
LOOPBACK_STEP_TIMEOUT=600

loopback_run()
{
	local dir=$1

	mkdir -p "$dir"
	cat >"$dir/relay.conf" <<-END
		ROUNDS=$LOOPBACK_ROUNDS
		PIECES=$LOOPBACK_PIECES
	END
	guest_files "$(built_module dualtree)" "$(built_module dualtree_netbuf)" \
		"$(built_module flvrelay)" "$dir/relay.conf" "$dir/../in.flv"
	guest_run relay-loopback.sh "$dir" --cpus "$CPUS" --timeout "$LOOPBACK_TIMEOUT" \
		--step-timeout "$LOOPBACK_STEP_TIMEOUT" --terse "${GUEST_FILES[@]}" "${vm_options[@]}" || true
}

# judge_unloadings DIR: what the relay's last words were each time.
judge_unloadings()
{
	local words times=0

	while read -r words; do
		times=$((times + 1))
		[[ $words == *' bad_frees 0' ]] || failures+=("unloaded amid traffic: $words")
		[[ $words != *' tags 0 '* ]] || failures+=("unloaded without traffic: $words")
	done < <(sed -n 's/^unloaded //p' "$1/report.txt")
	require "times == LOOPBACK_ROUNDS" \
		"unloaded amid traffic $times times, $LOOPBACK_ROUNDS are due"
}

loopback_judge()
{
	local line name

	failures=()
	while IFS= read -r line; do
		failures+=("$line")
	done < <(cat "$1/verdict.txt"; relay_complaints "$1" | sed 's/^/console: /')
	judge_unloadings "$1"
	require "$(value_of streams) == 1" "whole streams: $(value_of streams), 1 is due"
	require "$(value_of bad_streams) == 4" "bad streams: $(value_of bad_streams), 4 are due"
	require "$(value_of completed) == 2" \
		"subscribers that got the end: $(value_of completed), 2 are due"
	require "$(value_of slow_dropped) == 1" \
		"slow subscribers dropped: $(value_of slow_dropped), 1 is due"
	for name in live_bytes held_bytes inflight_bytes pool_used_bytes bad_frees; do
		require "$(value_of $name) == 0" "after the streams $name is $(value_of $name)"
	done
}

loopback_show()
{
	local all=$(($(value_of zerocopy_bytes) + $(value_of copied_bytes)))

	echo
	echo "flvrelay (dualtree, dualtree_netbuf) on Linux, $kind kernel, $CPUS CPUs, loopback"
	row tags "$(thousands "$(value_of tags)"), $(amount "$(value_of payload_bytes)") of payload"
	row sent "$(amount "$all") in $(thousands "$(value_of sends)") calls, of which the stack copied \
$(amount "$(value_of copied_bytes)"): all that arrived, for loopback copies; the rest was dropped"
	sed -n 's/^line /'"$(printf '  %-10s ' said)"'/p' "$1/report.txt"
	row 'at the end' "live $(value_of live_bytes), held $(value_of held_bytes), the pools' blocks \
out $(value_of pool_used_bytes), bad frees $(value_of bad_frees)"
}
