# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What scripts/vnic makes of a run: numbers by mode and name, what they have to be, and the
# table. To be sourced after common.sh.
#
#   read_stats FILE      reads "stat MODE NAME VALUE" lines into STAT
#   judge_modes MIN CAP  adds to failures[] what does not hold of the modes in MODES[]: MIN
#                        KiB are to arrive at least, CAP KiB may be pinned in the mode "capped"
#   show_table           both modes side by side
#
# Promises: a number that was not reported fails every check that it is in. No throughput
# and no time is judged.

declare -A STAT=()

read_stats()
{
	local key mode name value

	STAT=()
	while read -r key mode name value; do
		[ "$key" != stat ] || STAT[$mode.$name]=$value
	done <"$1"
}

# value_of MODE NAME
value_of()
{
	local value=${STAT[$1.$2]:-}

	case $value in
	'' | *[!0-9]*) echo -1 ;;
	*) echo "$value" ;;
	esac
}

# both_ends MODE NAME: the sum.
both_ends()
{
	local a b

	a=$(value_of "$1" "end0_$2")
	b=$(value_of "$1" "end1_$2")
	[ "$a" -ge 0 ] && [ "$b" -ge 0 ] && echo $((a + b)) || echo -1
}

# require MODE CONDITION TEXT: an arithmetic condition.
require()
{
	if ! (($2)); then
		failures+=("$1: $3")
	fi
}

# What holds in every mode.
judge_mode()
{
	local mode=$1 min_kib=$2 name received copied zerocopy

	for name in tcp_bps_1500 tcp_bps_9000 reverse_bps_1500 reverse_bps_9000 \
		udp_packets_1500 udp_packets_9000; do
		require "$mode" "$(value_of "$mode" $name) > 0" "nothing came through: $name"
	done
	received=$(both_ends "$mode" rx_bytes)
	copied=$(both_ends "$mode" copied_bytes)
	zerocopy=$(both_ends "$mode" zerocopy_bytes)
	require "$mode" "received >= min_kib << 10" "too little traffic: $received bytes"
	require "$mode" "copied >= 0 && zerocopy >= 0 && copied + zerocopy == received" \
		"$received bytes arrived, $copied were copied and $zerocopy were not"
	require "$mode" "$(both_ends "$mode" tx_packets) - $(both_ends "$mode" rx_packets) == \
		$(both_ends "$mode" rx_discarded)" "frames were lost in between"
	require "$mode" "$(both_ends "$mode" rx_dropped) == 0" \
		"no memory for packets: $(both_ends "$mode" rx_dropped)"
	for name in end idle; do
		require "$mode" "$(value_of "$mode" ${name}_bad_frees) == 0" \
			"bad frees: $(value_of "$mode" ${name}_bad_frees)"
		require "$mode" "$(value_of "$mode" ${name}_live) == 0" \
			"not given back: $(value_of "$mode" ${name}_live) bytes are live, unloaded"
		require "$mode" "$(value_of "$mode" ${name}_held) == 0" \
			"not given back: $(value_of "$mode" ${name}_held) bytes are held, unloaded"
	done
	require "$mode" "$(value_of "$mode" flaps) > 0" "the ends were not closed and opened"
}

judge_modes()
{
	local min_kib=$1 cap_kib=$2 mode peak

	for mode in "${MODES[@]}"; do
		judge_mode "$mode" "$min_kib"
		case $mode in
		copy)
			require "$mode" "$(both_ends "$mode" zerocopy_packets) == 0" \
				"packets were not copied: $(both_ends "$mode" zerocopy_packets)"
			;;
		zerocopy)
			require "$mode" "$(value_of "$mode" end1_zerocopy_bytes) > \
				$(value_of "$mode" end1_copied_bytes)" "most bytes were copied"
			;;
		capped)
			require "$mode" "$(both_ends "$mode" over_cap_packets) > 0" \
				"the cap was never reached"
			for peak in "$(value_of "$mode" end0_peak_pinned_bytes)" \
				"$(value_of "$mode" end1_peak_pinned_bytes)"; do
				require "$mode" "peak >= 0 && peak <= cap_kib << 10" \
					"packets held $peak bytes, $cap_kib KiB were allowed"
			done
			;;
		esac
	done
}

# Numbers as a reader wants them; "-" for one that there is not.
show_mbit()
{
	[ "$1" -lt 0 ] && echo - || echo "$(($1 / 1000000)) Mbit/s"
}

show_size()
{
	if [ "$1" -lt 0 ]; then
		echo -
	elif [ "$1" -lt 10240 ]; then
		echo "$1 B"
	elif [ "$1" -lt 10485760 ]; then
		echo "$(($1 / 1024)) KiB"
	else
		echo "$(($1 / 1048576)).$(($1 % 1048576 * 10 / 1048576)) MiB"
	fi
}

show_number()
{
	[ "$1" -lt 0 ] && echo - || echo "$1"
}

# ratio A B: with two places.
ratio()
{
	if [ "$1" -ge 0 ] && [ "$2" -gt 0 ]; then
		printf '%d.%02d\n' $(($1 / $2)) $(($1 % $2 * 100 / $2))
	else
		echo -
	fi
}

# cells LABEL COMMAND CELL...: a line of the table, COMMAND shows a cell.
cells()
{
	local label=$1 show=$2 value

	shift 2
	printf '  %-26s' "$label"
	for value in "$@"; do
		printf ' %16s' "$("$show" "$value")"
	done
	echo
}

# line LABEL COMMAND READER NAME: READER MODE NAME for each mode.
line()
{
	local mode values=()

	for mode in "${MODES[@]}"; do
		values+=("$("$3" "$mode" "$4")")
	done
	cells "$1" "$2" "${values[@]}"
}

# Throughput, and each mode's share of the first one's.
rate_line()
{
	local mode values=()

	line "$1" show_mbit value_of "$2"
	for mode in "${MODES[@]}"; do
		values+=("$(ratio "$(value_of "$mode" "$2")" "$(value_of "${MODES[0]}" "$2")")")
	done
	cells "  of ${MODES[0]}" echo "${values[@]}"
}

show_table()
{
	local mtu

	cells '' echo "${MODES[@]}"
	for mtu in 1500 9000; do
		rate_line "TCP, mtu $mtu" "tcp_bps_$mtu"
		rate_line "TCP back, 2 streams, $mtu" "reverse_bps_$mtu"
		line "UDP, mtu $mtu" show_mbit value_of "udp_bps_$mtu"
		line "  datagrams" show_number value_of "udp_packets_$mtu"
		line "  of these lost" show_number value_of "udp_lost_$mtu"
	done
	line "received" show_size both_ends rx_bytes
	line "  copied" show_size both_ends copied_bytes
	line "  zero-copy" show_size both_ends zerocopy_bytes
	line "packets" show_number both_ends rx_packets
	line "  zero-copy" show_number both_ends zerocopy_packets
	line "  copied" show_number both_ends copied_packets
	line "    being small" show_number both_ends small_packets
	line "    over the cap" show_number both_ends over_cap_packets
	line "dropped, ring full" show_number both_ends tx_dropped_full
	line "dropped, end closed" show_number both_ends tx_dropped_down
	line "tails given back" show_size both_ends tail_bytes
	line "receiver: peak live" show_size value_of end1_peak_live_bytes
	line "receiver: peak held" show_size value_of end1_peak_held_bytes
	line "receiver: peak pinned" show_size value_of end1_peak_pinned_bytes
	line "unloaded: live" show_size value_of end_live
	line "unloaded: held" show_size value_of end_held
	line "unloaded: bad frees" show_number value_of end_bad_frees
	line "unloaded amid traffic" show_number value_of unloaded_at_once
	line "ranges pinned when idle" show_number value_of idle_pinned
}
