# SPDX-License-Identifier: GPL-2.0
#
# scripts/demo --relay --loopback: publisher and subscribers in the guest itself, so that it
# runs on kernels without a network card, like the debug kernel. To be sourced after relay.sh and
# sample.sh. What came of it is judged by lib/dualtree_guest/loopback.py.
#
#   loopback_run DIR    boots the guest with the stream in DIR/../in.flv; logs are in DIR

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
	sample_run relay-loopback.sh "$dir" --timeout "$LOOPBACK_TIMEOUT" \
		--step-timeout "$LOOPBACK_STEP_TIMEOUT"
}
