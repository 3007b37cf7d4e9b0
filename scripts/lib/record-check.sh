# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # what scripts/record sets
#
# The self-check of scripts/record. To be sourced after record.sh.
#
#   record_self_check   prints a line for each check; returns 1 if one failed

# NAME|TRACE|LINE: WHAT IS WRONG. "\n" ends a line; an empty last field: nothing is.
BROKEN_TRACES='
whole|a 0 100\nf 0 0 100\nz 2\n|
front, tail, middle|a 0 100\nf 0 0 10\nf 0 90 10\nf 0 40 20\nf 0 10 30\nf 0 60 30\nz 6\n|
of a CPU|a 0 100 3\nf 0 0 100 2\nz 2\n|
left live|a 0 100\nz 1\n|
number used again|a 0 1\nf 0 0 1\na 0 2\nz 3\n|
steps|# steps\na 0 64\n.\n= steady\n.\n= end\nz 1\n|
nothing|z 0\n|
unknown operation|a 0 1\nx 1\nz 2\n|3: no such operation
operation glued|a0 1\nz 1\n|2: numbers are to be separated by one space
empty line|a 0 1\n\nz 1\n|3: an empty line
size 0|a 0 0\nz 1\n|2: an allocation of 0 bytes
no size|a 0\nz 1\n|2: a number is missing
too many numbers|a 0 1 2 3\nz 1\n|2: there is more behind the numbers
two spaces|a 0  1\nz 1\n|2: not a decimal number below 4294967296
negative|a 0 -1\nz 1\n|2: not a decimal number below 4294967296
too large a number|a 0 4294967296\nz 1\n|2: not a decimal number below 4294967296
hexadecimal|a 0 0x10\nz 1\n|2: numbers are to be separated by one space
live ID|a 0 1\na 0 1\nz 2\n|3: an object of that ID is still live
skipped ID|a 0 1\na 2 1\nz 2\n|3: the ID leaves numbers out
unknown ID|a 0 1\nf 1 0 1\nz 2\n|3: no object of that ID is live
dead ID|a 0 1\nf 0 0 1\nf 0 0 1\nz 3\n|4: no object of that ID is live
free of 0 bytes|a 0 1\nf 0 0 0\nz 2\n|3: a free of 0 bytes
beyond the end|a 0 100\nf 0 50 51\nz 2\n|3: the free goes beyond the end of the object
after the end|a 0 100\nf 0 100 1\nz 2\n|3: the free goes beyond the end of the object
dead front|a 0 100\nf 0 0 50\nf 0 49 2\nz 3\n|4: some of these bytes have been freed already
dead tail|a 0 100\nf 0 50 50\nf 0 99 1\nz 3\n|4: some of these bytes have been freed already
across a hole|a 0 100\nf 0 40 20\nf 0 0 100\nz 3\n|4: some of these bytes have been freed already
step without header|a 0 1\n.\nz 1\n|3: a step ends, but the header has no "# steps"
unknown mark|= begin\nz 0\n|2: no such mark, or not in this place
marks in disorder|= end\n= steady\nz 0\n|3: no such mark, or not in this place
no last line|a 0 1\n|2: the file is truncated: it has no last line "z OPERATIONS"
half a line|a 0 1\nf 0 0|3: the file is truncated: it has no last line "z OPERATIONS"
half a last line|a 0 1\nz 1|3: the file is truncated: it has no last line "z OPERATIONS"
lines are missing|a 0 1\nz 2\n|3: there are not as many operations as the last line says
more after the last line|z 0\na 0 1\n|3: there is more behind the last line
carriage return|a 0 1\r\nz 1\r\n|2: a byte that is not text
'

# A record: NAME|EVENTS|"TRACE" or LINE: WHAT IS WRONG. An event is "CPU KIND ADDRESS BYTES",
# the address less ffff888000000000.
RECORDS='
whole|1 alloc 40 64\n2 free 40 64|a 0 64 1\nf 0 0 64 2\nz 2
tail, front, rest|0 alloc 0 100\n0 free 50 20\n0 free 0 80|a 0 100 0\nf 0 80 20 0\nf 0 0 80 0\nz 3
two neighbours at once|0 alloc 0 64\n0 alloc 40 64\n0 free 20 64|a 0 64 0\na 1 64 0\nf 0 32 32 0\nf 1 0 32 0\nz 4
extension|0 alloc 0 40\n0 alloc 28 100\n0 free 0 140|a 0 40 0\na 1 100 0\nf 0 0 40 0\nf 1 0 100 0\nz 4
number used again|0 alloc 0 64\n0 free 0 64\n0 alloc 80 64|a 0 64 0\nf 0 0 64 0\na 0 64 0\nz 3
stamped late|0 alloc 0 64\n1 alloc 0 64\n0 free 0 64\n1 free 0 64|a 0 64 0\nf 0 0 64 1\na 0 64 1\nf 0 0 64 1\nz 4
stamped late, of another size|0 alloc 0 100\n1 alloc 0 64\n1 free 0 64\n0 free 0 100|a 0 100 0\nf 0 0 64 1\na 1 64 1\nf 1 0 64 0\nf 0 64 36 0\nz 5
stamped late, twice|0 alloc 0 64\n1 alloc 0 64\n2 alloc 0 64\n0 free 0 64\n1 free 0 64\n2 free 0 64|a 0 64 0\nf 0 0 64 1\na 0 64 1\nf 0 0 64 2\na 0 64 2\nf 0 0 64 2\nz 6
destroyed live|0 alloc 0 64\n1 region_put 0 4096\n0 alloc 0 64\n0 free 0 64|a 0 64 0\nf 0 0 64 1\na 0 64 0\nf 0 0 64 0\nz 4
stamped after its region went|0 alloc 0 64\n1 region_put 0 4096\n0 free 0 64|a 0 64 0\nf 0 0 64 1\nz 2
freed twice|0 alloc 0 64\n0 free 0 64\n0 free 0 64|6: a free of bytes that have been freed already
never allocated|0 free 0 64|4: a free of bytes whose allocation is not in the record
a free is missing|0 alloc 0 64\n0 alloc 0 64|64 bytes were allocated twice and freed once
'

checked=0 failed=0

# outcome NAME EXPECTED FOUND
outcome()
{
	checked=$((checked + 1))
	if [ "$2" != "$3" ]; then
		failed=$((failed + 1))
		printf 'not ok  %s\n    expected: %s\n    found:    %s\n' "$1" "${2//$'\n'/, }" "${3//$'\n'/, }"
	fi
}

# write_broken DIR: each of the broken traces, as NUMBER.trace, and what is wrong as NUMBER.wrong.
write_broken()
{
	local name text expected nr=0

	while IFS='|' read -r name text expected; do
		[ -n "$name" ] || continue
		nr=$((nr + 1))
		printf '# dualtree-trace 1\n%b' "$text" >"$1/$nr.trace"
		printf '%s\n' "${expected:+$nr.trace:}$expected" >"$1/$nr.wrong"
		printf '%s\n' "$name" >"$1/$nr.name"
	done <<<"$BROKEN_TRACES"
	: >"$1/$((nr + 1)).trace"
	echo "$((nr + 1)).trace:0: the file is truncated: it has no last line \"z OPERATIONS\"" >"$1/$((nr + 1)).wrong"
	echo "empty file" >"$1/$((nr + 1)).name"
	printf 'a 0 1\nz 1\n' >"$1/$((nr + 2)).trace"
	echo "$((nr + 2)).trace:1: not a trace: the first line is to be \"# dualtree-trace 1\"" >"$1/$((nr + 2)).wrong"
	echo "no first line" >"$1/$((nr + 2)).name"
	BROKEN=$((nr + 2))
}

check_broken()
{
	local nr said

	for ((nr = 1; nr <= BROKEN; nr++)); do
		said=$(cd "$1" && "$TRACE_TOOL" check "$nr.trace" 2>&1 >/dev/null) || true
		outcome "trace: $(cat "$1/$nr.name")" "$(cat "$1/$nr.wrong")" "$said"
	done
}

# record_of EVENTS
record_of()
{
	local cpu kind address bytes key value

	printf '# dualtree-record 1\n# name self-check\n# kernel none\n'
	printf '%b\n' "$1" | while read -r cpu kind address bytes; do
		key=ptr value=len
		[ "$kind" != alloc ] || value=size
		[ "$kind" != region_put ] || key=base value=bytes
		printf '    a [b] c-12    [%03d] ..... 77: dualtree_%s: name=x ptr=1 %s=ffff8880%08x %s=%d\n' \
			"$cpu" "$kind" "$key" "0x$address" "$value" "$bytes"
	done
	echo '# end'
}

check_records()
{
	local name events expected said file=$1/record

	while IFS='|' read -r name events expected; do
		[ -n "$name" ] || continue
		record_of "$events" >"$file"
		if said=$("$TRACE_TOOL" convert "$file" 2>"$file.said"); then
			said=$(grep -v '^#' <<<"$said")
		else
			said=$(sed "s|^$file: *||" "$file.said")
		fi
		outcome "record: $name" "$(printf '%b' "$expected")" "$said"
	done <<<"$RECORDS"
	check_bad_record "$file" 'hashed address' 's/ffff8880/00000000/' \
		'4: the address is hashed: options/hash-ptr was on'
	check_bad_record "$file" 'lost events' '4s/.*/CPU:1 [LOST 5 EVENTS]/' '4: events were lost'
	check_bad_record "$file" 'cut off' '/^# end/d' \
		'4: the record is truncated: it has no last line "# end"'
	check_bad_record "$file" 'no event' '4s/dualtree_alloc/sched_switch/' '4: not an event'
	check_bad_record "$file" 'half an event' '4s/ size=.*//' '4: an event that is not complete'
}

# check_bad_record FILE NAME SED EXPECTED
check_bad_record()
{
	local said

	record_of '0 alloc 0 64' | sed "$3" >"$1"
	said=$("$TRACE_TOOL" convert "$1" 2>&1 >/dev/null) || true
	outcome "record: $2" "$1:$4" "$said"
}

# A trace that is exported, and its export; the second must take what the first takes.
SAME_TRACES=('M 20000' 'E1k 20000' 'C16s 20000')

plan_same()
{
	local name ops flags

	: >"$1/plan"
	for name in "${SAME_TRACES[@]}"; do
		read -r name ops <<<"$name"
		"$TRACE_TOOL" export "$name" 7 "$ops" 1 >"$1/$name.trace"
		for flags in 0 1; do
			echo "$name/$flags/generated trace=$name seed=7 ops=$ops flags=$flags"
			echo "$name/$flags/replayed file=/run/harness/$name.trace flags=$flags"
		done >>"$1/plan"
	done
}

check_same()
{
	local name flags how

	for name in "${SAME_TRACES[@]}"; do
		name=${name% *}
		for flags in 0 1; do
			for how in generated replayed; do
				sed -n "s|^$name/$flags/$how ||p" "$1/report.txt" >"$1/$how"
			done
			[ -s "$1/generated" ] || echo nothing >"$1/generated"
			outcome "replay: $name, flags $flags" "$(cat "$1/generated")" "$(cat "$1/replayed")"
		done
	done
}

# The module must say of each broken trace what the program says, and nothing of the good ones.
check_broken_in_guest()
{
	local nr

	for ((nr = 1; nr <= BROKEN; nr++)); do
		outcome "in the kernel: $(cat "$1/$nr.name")" "$(cat "$1/$nr.wrong")" \
			"$(sed -n "s|^broken $nr ||p" "$1/report.txt")"
	done
}

record_self_check()
{
	local dir=$log_dir file options=()

	write_broken "$dir"
	check_broken "$dir"
	check_records "$dir"
	log "trace files and records: $checked checked, $failed failed"
	plan_same "$dir"
	record_build
	for file in "$dir"/*.trace "$dir/plan"; do
		options+=(--file "$file")
	done
	record_guest "$dir" record-check.sh --cpus 1 --file "$(built_module dualtree_replay)" \
		"${options[@]}" || failed=$((failed + 1))
	check_broken_in_guest "$dir"
	check_same "$dir"
	echo "$checked checked, $failed failed"
	[ "$failed" -eq 0 ] && echo PASS || echo FAIL
	[ "$failed" -eq 0 ]
}
