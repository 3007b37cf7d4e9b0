# SPDX-License-Identifier: GPL-2.0
#
# scripts/demo --relay: a stream of ffmpeg's goes through samples/flvrelay in a guest, and
# out again to several who read it. To be sourced after common.sh and guest.sh; needs the guest's
# files, KERNEL_IMAGE and KERNEL_MODULES. What came of it is judged by lib/dualtree_guest/relay.py.
#
#   relay_files                  what the guest needs, into sample_files[]
#   relay_make_stream DIR S [RATE]  S seconds of picture and sound, in DIR/in.flv, and the
#                                checksums of its packets and of its decoded frames. RATE is in
#                                kbit/s, of a camera's noise; else it is the 1,300 that the
#                                picture needs
#   relay_run DIR PARAMETERS     boots the guest, publishes, reads; leaves in DIR what each
#                                subscriber got, and all logs
#   hostile_run DIR PARAMETERS   boots the guest with a second network, and runs the peers of
#                                lib/dualtree_peers against it
#
# Promises: only what was started here is signalled. What a program says is in DIR/*.log;
# whatever ends other than it should is a line in DIR/host-failures.

# What scripts/demo was asked for.
# shellcheck disable=SC2154
: "${seconds?}" "${hostile?}" "${peers?}" "${in_place?}"

# Pictures in a second, and between two that decoding can begin with.
RELAY_RATE=25
RELAY_GROUP=50
# Who is late comes after so many seconds; so does the second publisher, a little later.
RELAY_LATE=13
# A program that takes longer than the stream and this hangs.
RELAY_PATIENCE=90
# A guest that has to be translated comes up in this time.
RELAY_BOOT_PATIENCE=240
# On a machine that is busy all of this may take so many times as long. A guest that hangs is
# ended sooner, by scripts/vm, and with it whatever waits for it here.
RELAY_STARVED=10
# kbit/s of the stream amid hostile peers: what a camera of that size sends.
RELAY_HOSTILE_RATE=3000
# What hostile peers take beyond the stream that they share with good ones.
RELAY_HOSTILE=600
RELAY_FFMPEG=(ffmpeg -hide_banner -nostdin -v warning)

# Our driver is told by ethtool to receive in fragments, see there.
relay_files()
{
	local driver

	temp_dir
	if [ -n "$in_place" ]; then
		get_userspace
		driver=$(built_module dualtree_e1000)
		mapfile -t sample_files < <(program_files ethtool)
		[ ${#sample_files[@]} -gt 0 ] || die "ethtool's files are missing"
	else
		driver=$(kernel_module drivers/net/ethernet/intel/e1000/e1000.ko)
		sample_files=()
	fi
	sample_files+=("$(built_module dualtree)" "$(built_module dualtree_netbuf)"
		"$(built_module flvrelay)" "$driver")
}

# checksum_options DIR NAME: of the packets as they are, and of what they decode to.
checksum_options()
{
	printf '%s\n' -map 0 -c copy -copyts -f framemd5 -y "$1/$2.packets" \
		-map 0 -fps_mode passthrough -copyts -f framemd5 -y "$1/$2.frames"
}

relay_make_stream()
{
	local dir=$1 seconds=$2 rate=${3-} options quality=(-crf 14)

	[ -z "$rate" ] || quality=(-vf noise=alls=24:allf=t -b:v "${rate}k" -maxrate "${rate}k"
		-bufsize "${rate}k")
	log "making $seconds seconds of H.264 and AAC"
	run_or_die "ffmpeg cannot make a stream" "encoding" "$dir/encode.log" "" "${RELAY_FFMPEG[@]}" \
		-f lavfi -i "testsrc2=size=640x360:rate=$RELAY_RATE" \
		-f lavfi -i "sine=frequency=440:beep_factor=4:sample_rate=44100" -t "$seconds" \
		-c:v libx264 -preset veryfast -pix_fmt yuv420p -g $RELAY_GROUP "${quality[@]}" \
		-c:a aac -b:a 96k -f flv -flvflags no_duration_filesize -y "$dir/in.flv"
	mapfile -t options < <(checksum_options "$dir" in)
	# From a pipe, as it comes out of the relay: its end cannot be read first.
	"${RELAY_FFMPEG[@]}" -flags bitexact -f flv -i - "${options[@]}" \
		<"$dir/in.flv" >"$dir/in.log" 2>&1 || {
		show_log "$dir/in.log" 5
		die "ffmpeg cannot read what it made"
	}
}

host_failure()
{
	echo "$*" >>"$dir/host-failures"
}

# free_ports N: ports that are free now. Only QEMU can say that one was taken after all.
free_ports()
{
	python3 -c '
import socket, sys
socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in socks))' "$1"
}

# boot_relay PARAMETERS STREAMS BAD [VM-OPTION...]: sets vm_pid.
boot_relay()
{
	mkdir -p "$dir"
	: >"$dir/host-failures"
	cat >"$dir/relay.conf" <<-END
		HOSTILE=$hostile
		STREAMS=$2
		BAD=$3
		PATIENCE=$((seconds + RELAY_PATIENCE))
		PARAMETERS='$1${in_place:+ max_held=0}'
		IN_PLACE=$in_place
	END
	guest_files "${sample_files[@]}" "$dir/relay.conf"
	: >"$dir/port.log"
	setsid "$SCRIPTS/vm" --kernel "$KERNEL_IMAGE" --run "$SCRIPTS/guest/relay.sh" \
		--log "$dir" --cpus "$CPUS" --timeout $((seconds + TIMEOUT)) \
		--step-timeout $((seconds + STEP_TIMEOUT)) "${GUEST_FILES[@]}" "${vm_options[@]}" \
		--qemu-arg -netdev --qemu-arg "user,id=net,hostfwd=tcp:127.0.0.1:$publish_port-:9100,\
hostfwd=tcp:127.0.0.1:$subscribe_port-:9101${stop_port:+,hostfwd=tcp:127.0.0.1:$stop_port-:9200}" \
		--qemu-arg -device --qemu-arg e1000,netdev=net,romfile= "${@:4}" </dev/null \
		2> >(grep --line-buffered -v '^    \|^this run was\|^logs:' >&2) &
	vm_pid=$!
	own_child "$vm_pid"
}

end_relay()
{
	local status=0

	wait "$vm_pid" || status=$?
	disown_child "$vm_pid"
	[ "$status" -le 1 ] || die "the guest could not be run"
}

# What the relay said of itself last: value_now NAME.
value_now()
{
	sed -n 's/\r*$//; s/^report: sample //p' "$dir/port.log" | tail -n 1 | tr ' ' '\n' |
		sed -n "s/^$1=//p"
}

mib_now()
{
	local bytes

	bytes=$(value_now "$1")
	echo "$((${bytes:-0} >> 20)) MiB"
}

# await SECONDS TEXT COMMAND...: until it is true. False if that takes too long, or the guest
# ends before.
await()
{
	local end=$((SECONDS + $1 * RELAY_STARVED)) text=$2

	shift 2
	until "$@"; do
		if ! kill -0 "$vm_pid" 2>/dev/null || [ $SECONDS -ge $end ]; then
			host_failure "waited in vain until $text"
			return 1
		fi
		sleep 0.2
	done
}

guest_is_ready()
{
	grep -q '^report: ready' "$dir/port.log"
}

# value_is NAME LEAST
value_is()
{
	local now

	now=$(value_now "$1")
	[ "${now:-0}" -ge "$2" ]
}

# subscribe NAME: an ffmpeg in the background, into reader_pids[].
subscribe()
{
	local options

	mapfile -t options < <(checksum_options "$dir" "$1")
	setsid timeout $(((seconds + RELAY_PATIENCE) * RELAY_STARVED)) "${RELAY_FFMPEG[@]}" \
		-flags bitexact -f flv -i "tcp://127.0.0.1:$subscribe_port" "${options[@]}" \
		>"$dir/$1.log" 2>&1 </dev/null &
	reader_pids[$1]=$!
	own_child $!
}

publish()
{
	setsid timeout $(((seconds + RELAY_PATIENCE) * RELAY_STARVED)) "${RELAY_FFMPEG[@]}" -re -f flv \
		-i "$dir/../in.flv" -map 0 -c copy -copyts -f flv -flvflags no_duration_filesize \
		"tcp://127.0.0.1:$publish_port" >"$dir/publisher.log" 2>&1 </dev/null &
	publisher_pid=$!
	own_child $!
}

# await_program NAME PID
await_program()
{
	local status=0

	wait "$2" || status=$?
	disown_child "$2"
	[ $status -eq 0 ] || host_failure "$1 ended with status $status: $(tail -n 1 "$dir/$1.log")"
}

# Someone who connects and reads nothing, until the shell closes the connection.
open_slow_reader()
{
	exec {slow_reader}<>"/dev/tcp/127.0.0.1/$subscribe_port" ||
		host_failure "the one who reads nothing cannot connect"
}

# send_bad KIND: what is no stream, or ends where none may.
send_bad()
{
	python3 - "$1" "$publish_port" "$dir/../in.flv" <<-'END'
		import os, socket, struct, sys
		kind, port, stream = sys.argv[1], int(sys.argv[2]), open(sys.argv[3], "rb").read(200000)
		sock = socket.create_connection(("127.0.0.1", port))
		head = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
		try:
		    if kind == "garbage":
		        sock.sendall(b"\x00" + os.urandom(99999))
		    elif kind == "size":
		        sock.sendall(head + b"\x09\xff\xff\xff" + bytes(7) + bytes(100))
		    elif kind == "header":
		        sock.sendall(head[:6])
		    elif kind == "tag":
		        sock.sendall(head + b"\x09\x00\x10\x00" + bytes(3))
		    elif kind == "length":
		        sock.sendall(head + b"\x08\x00\x00\x02" + bytes(7) + b"\xaf\x01\x00\x00\x00\x99")
		    elif kind == "reset":
		        sock.sendall(stream)
		        # Until it has arrived: a reset overtakes what waits.
		        import time
		        time.sleep(2)
		        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    elif kind == "second":
		        sock.sendall(head)
		        sock.settimeout(10)
		        sock.recv(1)
		except OSError:
		    pass
		sock.close()
	END
}

# What was wrong, and what the relay says of it.
RELAY_BAD='
garbage|not FLV
size|a tag of absurd size
header|ended in the file header
tag|ended in the header of a tag
length|a tag that is not as long as it says
reset|(the connection was reset|ended in a tag)
'

send_all_bad()
{
	local kind said count=0

	while IFS='|' read -r kind said; do
		[ -n "$kind" ] || continue
		send_bad "$kind" >>"$dir/bad.log" 2>&1 || host_failure "cannot send the bad stream $kind"
		count=$((count + 1))
		await 30 "the bad stream '$kind' was closed" value_is bad_streams $count || return 0
	done <<<"$RELAY_BAD"
}

# While it is published: someone who is late, and a second publisher.
disturb()
{
	sleep $RELAY_LATE
	log "  a third subscriber joins, and a second publisher comes"
	subscribe late
	sleep 2
	send_bad second >>"$dir/bad.log" 2>&1 || host_failure "the second publisher cannot connect"
}

show_progress()
{
	local start=$SECONDS

	while kill -0 "$publisher_pid" 2>/dev/null; do
		sleep 10
		log "  published for $(duration $((SECONDS - start))):" \
			"live $(mib_now live_bytes), held $(mib_now held_bytes)"
	done
}

relay_traffic()
{
	local name

	await $RELAY_BOOT_PATIENCE "the guest was ready" guest_is_ready || return 0
	log "  two subscribers and one who reads nothing connect"
	subscribe first
	subscribe second
	open_slow_reader
	await 60 "the subscribers were there" value_is subscribers 3 || return 0
	log "  ffmpeg publishes $seconds seconds"
	publish
	disturb
	show_progress
	await_program publisher "$publisher_pid"
	for name in first second late; do
		await_program $name "${reader_pids[$name]}"
	done
	exec {slow_reader}>&-
	await 30 "the stream was over" value_is streams 1 || return 0
	log "  bad publishers"
	send_all_bad
}

# relay_run DIR PARAMETERS
relay_run()
{
	local dir=$1 vm_pid publisher_pid publish_port subscribe_port stop_port='' slow_reader
	local -A reader_pids=()

	read -r publish_port subscribe_port < <(free_ports 2)
	boot_relay "$2" 1 "$(grep -c '|' <<<"$RELAY_BAD")"
	relay_traffic
	end_relay
}

hostile_traffic()
{
	await $RELAY_BOOT_PATIENCE "the guest was ready" guest_is_ready || return 0
	PYTHONPATH=$SCRIPTS/lib python3 -B -m dualtree_peers hostile "$dir" "$publish_port" \
		"$subscribe_port" "$stop_port" "$raw_port" "$qemu_port" "$seconds" "$peers" || true
}

# A publisher may be silent for 15 seconds, also on a machine that is busy, and a viewer wait for 20.
# Rings get 8 MiB. The guest is in one step for all of it.
hostile_run()
{
	local dir=$1 vm_pid publish_port subscribe_port stop_port raw_port qemu_port
	local TIMEOUT=$((TIMEOUT + RELAY_HOSTILE)) STEP_TIMEOUT=$((STEP_TIMEOUT + RELAY_HOSTILE))

	# A descriptor for each peer, here and in QEMU.
	ulimit -n $((2 * peers + 2048)) 2>/dev/null || die "no $peers peers: too few descriptors"
	read -r publish_port subscribe_port stop_port raw_port qemu_port < <(free_ports 5)
	boot_relay "idle_ms=15000 wait_ms=20000 drain_ms=3000 limit_mib=16" 0 0 \
		--qemu-arg -netdev --qemu-arg "socket,id=raw,udp=127.0.0.1:$raw_port,\
localaddr=127.0.0.1:$qemu_port" --qemu-arg -device --qemu-arg e1000,netdev=raw,romfile=
	hostile_traffic
	end_relay
}
