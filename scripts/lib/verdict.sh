# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Was a run good? To be sourced after common.sh and console.sh.
#
#   judge_guest   reads VM_LOG, VM_NONCE, VM_TAINT, VM_PROBLEM; writes what it finds
#                 to verdict.txt as "KIND: TEXT" lines; returns 0 only for a good run.
#                 Data races that are the kernel's own are counted in races.txt
#
# Promises: a run is good only if the token of this very run is there, the console is
# clean and the kernel's taint is no more than was allowed. The self-check goes through
# this very function.

TAINT_LETTERS=PFSRMBUDAWCIOELKXTN

# taint_letters NUMBER: its flags, in the kernel's letters.
taint_letters()
{
	local bit letters=

	for ((bit = 0; bit < ${#TAINT_LETTERS}; bit++)); do
		[ $(($1 >> bit & 1)) -eq 0 ] || letters+=${TAINT_LETTERS:bit:1}
	done
	[ $(($1 >> ${#TAINT_LETTERS})) -eq 0 ] || letters+='?'
	echo "$letters"
}

# port_lines KEY: what the guest said under KEY.
port_lines()
{
	sed -n "s/\r*$//; s/^$1: //p" "$VM_LOG/port.log"
}

judge_token()
{
	local token last

	token=$(port_lines token)
	last=$(tail -n 1 "$VM_LOG/port.log" | tr -d '\r')
	if [ -z "$token" ]; then
		echo "token: the guest did not report success"
	elif [ "$token" != "$VM_NONCE" ]; then
		echo "token: the guest's token is not this run's"
	elif [ "$last" != "token: $VM_NONCE" ]; then
		echo "token: something came after the token: $last"
	fi
}

judge_taint()
{
	local taint letters unexpected

	taint=$(port_lines taint | tail -n 1)
	case $taint in
	'' | *[!0-9]*) return 0 ;; # without a token already
	esac
	letters=$(taint_letters "$taint")
	unexpected=$(tr -d "$VM_TAINT" <<<"$letters")
	[ -z "$unexpected" ] ||
		echo "taint: the kernel is tainted $letters, allowed are ${VM_TAINT:-none}"
}

judge_guest()
{
	{
		[ -z "$VM_PROBLEM" ] || printf '%s\n' "$VM_PROBLEM"
		port_lines fail | sed 's/^/guest: /'
		port_lines leak | sed 's/^/leak: /'
		console_findings "$VM_LOG/console.log"
		judge_taint
		judge_token
	} >"$VM_LOG/verdict.txt"
	console_races "$VM_LOG/console.log" >"$VM_LOG/races.txt"
	port_lines report >"$VM_LOG/report.txt"
	port_lines out >"$VM_LOG/out.txt"
	[ ! -s "$VM_LOG/verdict.txt" ]
}
