# SPDX-License-Identifier: GPL-2.0
#
# Boots a guest and follows it. To be sourced after common.sh, accel.sh, guest-clock.sh, arch.sh
# and userspace.sh.
#
#   build_initramfs OUT SCRIPT FILE[:NAME]...   busybox, our init, the guest script
#                                               and files, in a cpio archive
#   boot_guest                                  runs QEMU, or user-mode Linux; see the
#                                               VM_ variables
#
# Limits are counted by the guest's clock: see lib/guest-clock.sh.
#
# Promises: the guest ends, by itself or by its time running out; only our own QEMU
# or user-mode Linux is signalled, and nothing of it is left.

# The kernel's words go to the first serial port, the guest's to the second; what a
# test reports cannot be torn by a kernel message, nor hide one.
#
# Detectors of things that never end get the patience that translated code needs
# while other guests run; none is turned off. An oops ends the run: what comes after it
# says nothing.
BASE_CMDLINE=(loglevel=7 panic=-1 oops=panic printk.devkmsg=on
	watchdog_thresh=40 rcupdate.rcu_cpu_stall_timeout=100 workqueue.watchdog_thresh=100
	sysctl.kernel.hung_task_timeout_secs=240)

build_initramfs()
{
	local out=$1 script=$2 root file source name busybox

	shift 2
	get_userspace
	busybox=$(userspace_program busybox)
	temp_dir
	root=$TEMP_DIR
	mkdir -p "$root"/{bin,lib,run/harness}
	cp -L "$busybox" "$root/bin/busybox"
	install -m 755 "$SCRIPTS/guest/init" "$root/init"
	install -m 644 "$SCRIPTS/guest/lib.sh" "$root/lib/guest.sh"
	install -m 755 "$script" "$root/run/harness/script"
	for file in "$@"; do
		source=${file%%:*}
		name=$(basename "$source")
		[ "$file" = "$source" ] || name=${file#*:}
		[ -r "$source" ] || die "cannot read $source"
		mkdir -p "$root/run/harness/$(dirname "$name")"
		cp -L "$source" "$root/run/harness/$name"
		# Debug information would be most of what the guest has to load.
		case $name in
		*.ko) "$(arch_tool strip)" --strip-debug "$root/run/harness/$name" ;;
		esac
	done
	# Not compressed: to unpack it costs a TCG guest more than to load it.
	(cd "$root" && find . -mindepth 1 -printf '%P\0' | sort -z |
		cpio --quiet -0 -o -H newc --owner 0:0) >"$out"
}

# follow_guest: shows the guest's steps as they come. Sets GUEST_STEP and
# GUEST_HEARD, the guest's clock at the last one.
follow_guest()
{
	local lines line

	lines=$(grep -ac '' "$VM_LOG/port.log" || true)
	[ "$lines" -gt "$GUEST_LINES" ] || return 0
	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		'step: '*)
			GUEST_STEP=${line#step: }
			GUEST_HEARD=$GUEST_CLOCK
			[ -n "$VM_QUIET" ] || log "  guest: $GUEST_STEP"
			;;
		'report: '* | 'fail: '* | 'out: '*)
			[ -z "$VM_VERBOSE" ] || log "  guest: ${line#*: }"
			;;
		esac
	done < <(sed -n "$((GUEST_LINES + 1)),${lines}p" "$VM_LOG/port.log")
	GUEST_LINES=$lines
}

# A boot that comes no further before init is done again: nothing of ours is in the kernel then, and
# no word has come from the guest. Seen are
#
#   BOOT_STUCK   with lockdep 6.1 tests RCU-tasks in its early boot, by threads and timers that may
#                not be there yet: sometimes, with PREEMPT_RT in a boot of six, it waits for ever
#   silence      QEMU 7.2 went on to run the breakpoint with which the kernel had patched a branch,
#                and of which memory had nothing any more: each CPU took it again and again. In one
#                boot of sixteen, of Debian's kernel with four CPUs on a busy machine
BOOT_STUCK='Running RCU-tasks wait API self tests'
BOOT_TRIES=5

# boot_stuck: called every BOOT_LOOK seconds of the guest's clock; BOOT_SILENT looks without a new
# line are silence. A kernel with all checkers, on a busy machine, was silent for 29 s of its own.
# Sets BOOT_CONSOLE to what the console was, and BOOT_SAME to how many looks have seen it so.
BOOT_LOOK=30
BOOT_SILENT=4
boot_stuck()
{
	local before=$BOOT_CONSOLE

	[ ! -s "$VM_LOG/port.log" ] || return 1
	BOOT_CONSOLE=$(stat -c %s "$VM_LOG/console.log")
	[ "$BOOT_CONSOLE" = "$before" ] || BOOT_SAME=-1
	BOOT_SAME=$((BOOT_SAME + 1))
	[ "$BOOT_SAME" -ge "$BOOT_SILENT" ] || { [ "$BOOT_SAME" -ge 1 ] && stuck_line; }
}

# The console's last line, without what ends it.
last_line()
{
	tail -n 1 "$VM_LOG/console.log" | tr -d '\r'
}

stuck_line()
{
	[[ $(last_line) == *"$BOOT_STUCK"* ]]
}

# qemu_command APPEND: sets VM_COMMAND[].
qemu_command()
{
	local append=$1 cpu=$ARCH_CPU accel more=() port=(-serial "file:$VM_LOG/port.log")

	case $ACCEL in
	kvm)
		accel=kvm
		cpu=host
		;;
	tcg)
		accel=tcg,thread=multi
		tsc_append
		append+=" $ARCH_TCG_APPEND $TSC_APPEND"
		;;
	icount)
		accel=tcg,thread=single
		append+=" $ARCH_TCG_APPEND"
		# An idle guest does not wait for its timers: its clock jumps.
		more=(-icount "shift=0,sleep=off")
		;;
	esac
	if [ -n "$ARCH_PCI_PORT" ]; then
		port=(-chardev "file,id=port,path=$VM_LOG/port.log" -device "pci-serial,chardev=port")
	fi
	VM_COMMAND=("$ARCH_QEMU" "${ARCH_MACHINE[@]}" -accel "$accel" -cpu "$cpu"
		-smp "$VM_CPUS,sockets=$VM_CPUS,cores=1" -m "$VM_MEMORY"
		-nodefaults -no-user-config -display none -monitor none -no-reboot
		-serial "file:$VM_LOG/console.log" "${port[@]}"
		-kernel "$VM_KERNEL" -initrd "$VM_INITRD"
		-append "console=$ARCH_CONSOLE harness_port=$ARCH_PORT ${BASE_CMDLINE[*]} $append"
		"${more[@]}" "${VM_QEMU_ARGS[@]}")
}

# Of a process' registers user-mode Linux keeps those of SSE, and not what came later (see
# kernel_arch): the guest's libc, which would use them where it finds them, is told not to.
UML_TUNABLES=glibc.cpu.hwcaps=-AVX,-AVX2,-AVX_Fast_Unaligned_Load,-AVX512F,-AVX512VL,-AVX512BW

# uml_command APPEND: sets VM_COMMAND[]. What it has for a console and for the serial line are
# pipes: of a file it cannot be told when that is ready. It would keep the socket of a console
# for managers in the user's home; its directory here goes with the initramfs.
uml_command()
{
	local append=$1 dir=${VM_INITRD%/*}

	mkfifo "$dir/console" "$dir/port"
	# shellcheck disable=SC2086 # words
	set -- $append
	# The process that is started has to be its first one, which leads the group of all.
	# shellcheck disable=SC2016 # for the shell inside
	VM_COMMAND=(bash -c 'exec "$@" >"$0/console" 2>&1 3>"$0/port"' "$dir"
		"$VM_KERNEL" "mem=${VM_MEMORY}M" "initrd=$VM_INITRD" "uml_dir=$dir/uml/"
		con=null 'con0=null,fd:1' ssl=null 'ssl1=null,fd:3' console=tty0
		"${BASE_CMDLINE[@]}" "GLIBC_TUNABLES=$UML_TUNABLES" "$@" harness_port=ttyS1 harness_end=poweroff)
}

# Processes that write down what comes out of the pipes; they end when no writer is left.
start_uml_readers()
{
	local name

	UML_READERS=()
	[ -n "$VM_UML" ] || return 0
	for name in console port; do
		setsid cat "${VM_INITRD%/*}/$name" >"$VM_LOG/$name.log" &
		UML_READERS+=("$!")
		own_child "$!"
	done
}

end_uml_readers()
{
	local pid

	# One waits for ever if its pipe was never opened; to open it for both ways does
	# not wait.
	[ -z "$VM_UML" ] || : <>"${VM_INITRD%/*}/console" <>"${VM_INITRD%/*}/port"
	for pid in "${UML_READERS[@]}"; do
		wait "$pid"
		disown_child "$pid"
	done
}

# vm_command APPEND: sets VM_COMMAND[], for the accelerator ACCEL.
vm_command()
{
	if [ -n "$VM_UML" ]; then
		uml_command "$1"
	else
		qemu_command "$1"
	fi
	[ -z "${VM_SECURE_BOOT-}" ] || uefi_command "$VM_SECURE_BOOT"
	[ -z "$VM_PIN" ] || VM_COMMAND=(taskset -c "$VM_PIN" "${VM_COMMAND[@]}")
}

# boot_guest: VM_KERNEL, VM_UML, VM_PIN, VM_INITRD, VM_CPUS, VM_MEMORY, VM_APPEND, VM_QEMU_ARGS[],
# VM_LOG, VM_NONCE, VM_TIMEOUT, VM_STEP_TIMEOUT, VM_QUIET, VM_VERBOSE. Leaves
# console.log, port.log and process.log in VM_LOG, and in accel what the guest ran on: kvm, tcg,
# icount or uml. Sets VM_PROBLEM to what went wrong outside the guest, VM_SECONDS.
boot_guest()
{
	local start=$SECONDS tries=0 append

	append="harness_nonce=$VM_NONCE harness_patience=$VM_STEP_TIMEOUT $VM_APPEND"
	rm -f "$VM_LOG"/kvm-*.log
	# bash would say so if QEMU ended by one of these, were they not trapped.
	trap : ABRT BUS FPE ILL SEGV
	KVM_FAULT=
	ACCEL=uml ACCEL_WATCHED=
	[ -n "$VM_UML" ] || choose_accel "$GUEST_ARCH"
	vm_command "$append"

	while follow_boot; do
		if [ "$BOOT_AGAIN" = tcg ]; then
			log "  guest: KVM is given up ($KVM_FAULT): the same run starts again under TCG"
			# They show why.
			mv "$VM_LOG/console.log" "$VM_LOG/kvm-console.log"
			mv "$VM_LOG/process.log" "$VM_LOG/kvm-process.log"
			ACCEL=tcg ACCEL_WATCHED=
			vm_command "$append"
			continue
		fi
		tries=$((tries + 1))
		log "  guest: the kernel comes no further, before init: $(last_line)"
		if [ "$tries" -ge "$BOOT_TRIES" ]; then
			VM_PROBLEM="timeout: $tries boots came no further; the last ended in: $(last_line)"
			break
		fi
	done
	trap - ABRT BUS FPE ILL SEGV
	echo "$ACCEL" >"$VM_LOG/accel"
	VM_SECONDS=$((SECONDS - start))
}

# Booting and the work of our own init take what the kernel needs, which with all checkers is
# much; they are not what --step-timeout is there to find.
INIT_PATIENCE=400

# check_limits: sets VM_PROBLEM if the guest's time has run out.
check_limits()
{
	local limit=$VM_STEP_TIMEOUT

	case $GUEST_STEP in
	booting | 'removing modules' | 'looking for leaks')
		[ "$limit" -ge "$INIT_PATIENCE" ] || limit=$INIT_PATIENCE
		;;
	esac
	if [ "$GUEST_CLOCK" -ge $((VM_TIMEOUT * 1000)) ]; then
		VM_PROBLEM="timeout: not done after ${VM_TIMEOUT}s, last in: $GUEST_STEP"
	elif [ $((GUEST_CLOCK - GUEST_HEARD)) -ge $((limit * 1000)) ]; then
		VM_PROBLEM="timeout: more than ${limit}s in: $GUEST_STEP"
	fi
}

# tell_step START: a line once a minute, of the wall time since START.
tell_step()
{
	[ "$SECONDS" -ge "$HEARTBEAT" ] || return 0
	[ -n "$VM_QUIET" ] || log "  guest: $GUEST_STEP, $(duration $((SECONDS - $1)))"
	HEARTBEAT=$((SECONDS + 60))
}

start_guest()
{
	VM_PROBLEM=
	BOOT_AGAIN=
	BOOT_CONSOLE=
	BOOT_SAME=0
	GUEST_LINES=0
	GUEST_STEP=booting
	GUEST_HEARD=0
	GUEST_MARK=none
	HEARTBEAT=$((SECONDS + 60))
	: >"$VM_LOG/console.log"
	: >"$VM_LOG/port.log"

	start_uml_readers
	setsid "${VM_COMMAND[@]}" >"$VM_LOG/process.log" 2>&1 </dev/null &
	start_guest_clock $!
	own_child $!
}

# watch_boot: sets BOOT_AGAIN if this boot is to be given up: stuck, or tcg.
watch_boot()
{
	[ "$GUEST_MARK" != init ] || return 0
	follow_marks
	if [ "$GUEST_CLOCK" -ge "$1" ] && boot_stuck; then
		BOOT_AGAIN=stuck
	elif [ -n "$ACCEL_WATCHED" ]; then
		watch_kvm
		if [ -n "$KVM_FAULT" ] && stuck_line; then
			KVM_FAULT=
			BOOT_AGAIN=stuck
		elif [ -n "$KVM_FAULT" ]; then
			BOOT_AGAIN=tcg
		fi
	fi
}

# follow_boot: one boot and all that follows, of VM_COMMAND[].
# Status: 0 if the boot is to be done again, because of BOOT_AGAIN; 1 if not.
follow_boot()
{
	local pid start=$SECONDS status=0 look=$((BOOT_LOOK * 1000))

	start_guest
	pid=$GUEST_PID
	while kill -0 "$pid" 2>/dev/null; do
		read_guest_clock
		follow_guest
		watch_boot "$look"
		[ "$GUEST_CLOCK" -lt "$look" ] || look=$((GUEST_CLOCK + BOOT_LOOK * 1000))
		check_limits
		if [ -n "$VM_PROBLEM$BOOT_AGAIN" ]; then
			kill -KILL -- "-$pid" 2>/dev/null || true
			break
		fi
		tell_step "$start"
		sleep 0.3
	done
	# bash would say that it was killed.
	{ wait "$pid" || status=$?; } 2>/dev/null
	disown_child "$pid"
	end_uml_readers
	[ -z "$BOOT_AGAIN" ] || return 0
	follow_guest
	[ -n "$VM_PROBLEM" ] || judge_end "$status"
	[ -n "$BOOT_AGAIN" ]
}

# judge_end STATUS: what it means that the guest has ended by itself.
judge_end()
{
	[ "$GUEST_MARK" = init ] || follow_marks
	[ -z "$ACCEL_WATCHED" ] || kvm_ended "$1"
	if [ -n "$ACCEL_WATCHED" ] && [ -n "$KVM_FAULT" ]; then
		BOOT_AGAIN=tcg
	elif [ "$1" -ne 0 ]; then
		VM_PROBLEM="process: ended with status $1: $(head -c 300 "$VM_LOG/process.log" | tr '\n' ' ')"
	fi
}
