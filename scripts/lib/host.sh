# SPDX-License-Identifier: GPL-2.0
#
# The tests of host/: programs with the core's files, which need no kernel. To be sourced after
# common.sh and apt.sh.
#
#   host_build KIND [LINE]    builds the programs, in the cache; HOST_BIN is where they are
#   host_tests OPS LOG_DIR    runs each with random choices from SEED on, a tenth of OPS under the
#                             sanitizers, and with granules of 128 bytes; and what shared accesses
#                             grow with (host/growth/)
#   host_fuzz SECONDS LOG_DIR lets libFuzzer choose, for SECONDS altogether
#   host_coverage OPS LOG_DIR prints which part of the core's lines and branches the tests reach, and
#                             why not the rest; fails if that does not agree with host/uncovered.txt
#
# Each adds to HOST_PASSED and HOST_FAILED. A program has passed if its last line says so.

HOST_PROGRAMS=(heap netbuf flv)
HOST_PASSED=0 HOST_FAILED=0

# Seconds after which a program hangs: 10^9 calls take less.
HOST_PATIENCE=7200

host_install()
{
	local packages=(make gcc libc6-dev)

	case $1 in fuzz | cover) packages+=(clang-14 libclang-rt-14-dev llvm-14) ;; esac
	apt_install "${packages[@]}"
}

host_objects()
{
	echo "$(find "$HOST_DIR" -name '*.o' | wc -l) objects"
}

host_build()
{
	local name

	host_install "$1"
	name=host-$(echo "$PROJECT" | short_hash)
	HOST_DIR=$CACHE/host/$name/$1${2:+-$2}
	HOST_BIN=$HOST_DIR/bin
	mkdir -p "$HOST_DIR"
	lock "$name"
	run_or_die "the tests of host/ do not build; the log is $HOST_DIR/make.log" \
		"building the tests of host/" "$HOST_DIR/make.log" host_objects \
		make -f "$PROJECT/host/Makefile" -j "$(nproc)" O="$HOST_DIR" KIND="$1" LINE="${2:-64}"
	unlock "$name"
}

host_last_line()
{
	tail -n 1 "$1" | cut -c 1-100
}

# host_run LABEL LOG PATTERN COMMAND...: it has passed if its log's last lines have PATTERN.
host_run()
{
	local label=$1 log=$2 pattern=$3

	shift 3
	if run_long "$label" "$log" host_last_line env UBSAN_OPTIONS=print_stacktrace=1 \
		timeout "$HOST_PATIENCE" "$@" && tail -n 3 "$log" | grep -q "$pattern"; then
		HOST_PASSED=$((HOST_PASSED + 1))
		return
	fi
	HOST_FAILED=$((HOST_FAILED + 1))
	show_log "$log" 40
	log "$label: failed; the log is $log"
}

# host_random KIND LINE OPS LOG_DIR
host_random()
{
	local program

	host_build "$1" "$2"
	for program in "${HOST_PROGRAMS[@]}"; do
		host_run "$program, $1, granules of $2 bytes, $3 calls" "$4/host-$program-$1-$2.log" \
			": passed$" "$HOST_BIN/$program" "$SEED" "$3"
	done
}

host_tests()
{
	local few=$(($1 / 10 + 1))

	host_random fast 64 "$1" "$2"
	host_random fast 128 "$few" "$2"
	host_random asan 64 "$few" "$2"
	host_build counted
	host_run "accesses to lines of other CPUs, with 4 and with 64" "$2/host-growth.log" \
		'^growth: passed$' "$HOST_BIN/growth" check
}

host_fuzz()
{
	local program

	host_build fuzz
	for program in "${HOST_PROGRAMS[@]}"; do
		mkdir -p "$HOST_DIR/corpus/$program"
		python3 "$SCRIPTS/lib/host_corpus.py" unpack "$PROJECT/host/corpus/$program.txt" \
			"$HOST_DIR/corpus/$program"
		host_run "fuzzing $program" "$2/fuzz-$program.log" '^Done ' "$HOST_BIN/$program" \
			-max_total_time=$(($1 / ${#HOST_PROGRAMS[@]} + 1)) -seed="$((SEED % 1000000000))" \
			-max_len=2048 -timeout=60 -artifact_prefix="$2/" \
			"$HOST_DIR/corpus/$program"
		grep -m 1 '^Done ' "$2/fuzz-$program.log" | sed "s/^/$program: /" || true
	done
}

host_coverage()
{
	local program objects=()

	host_build cover
	export LLVM_PROFILE_FILE=$2/%p.profraw
	for program in "${HOST_PROGRAMS[@]}"; do
		host_run "$program, counted, $1 calls" "$2/cover-$program.log" ": passed$" \
			"$HOST_BIN/$program" "$SEED" "$1"
		objects+=(-object "$HOST_BIN/$program")
	done
	llvm-profdata-14 merge -o "$2/cover.profdata" "$2"/*.profraw
	llvm-cov-14 export -summary-only -instr-profile="$2/cover.profdata" "${objects[@]}" \
		>"$2/cover.json"
	llvm-cov-14 export -format=lcov -instr-profile="$2/cover.profdata" "${objects[@]}" \
		>"$2/cover.lcov"
	if python3 "$SCRIPTS/lib/host_coverage.py" "$PROJECT" "$2/cover.json" "$2/cover.lcov"; then
		HOST_PASSED=$((HOST_PASSED + 1))
	else
		HOST_FAILED=$((HOST_FAILED + 1))
	fi
	llvm-cov-14 show -instr-profile="$2/cover.profdata" "${objects[@]}" >"$2/cover.txt"
	log "each line with its count is in $2/cover.txt"
}
