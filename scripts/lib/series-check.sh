# SPDX-License-Identifier: GPL-2.0
#
# The self-check of scripts/series: a patch with a fault, for each check that is there to find it.
# To be sourced after series.sh.
#
#   series_self_check        the checks of --check
#   series_self_check_kunit  those of --kunit
#
# Both print a line for each fault, and return 1 if one was not found. A fault is a patch of its
# own, after the first of the series or after all.
#
# Promises: a fault passes only if its check says what it should say of it. The control has none,
# and nothing may be said of it.

# Name, the file that gets more text, a regular expression for what is said of it.
SERIES_FAULTS='
control	lib/dualtree/buddy/queue.c	^$
config	lib/dualtree/Kconfig	^cannot be configured$
compiler	lib/dualtree/buddy/queue.c	^does not build;
warning	lib/dualtree/buddy/queue.c	dt_fault.* defined but not used
sparse	lib/dualtree/buddy/queue.c	plain integer as NULL
unbuilt	lib/dualtree/buddy/unbuilt.c	^not compiled: .*/unbuilt.c$
missing	lib/dualtree/buddy/queue.c	^calls what is not there: dt_missing
style	lib/dualtree/buddy/queue.c	:SPACING:
parameter	lib/dualtree/buddy/queue.h	parameter.* .a. not described
return	lib/dualtree/buddy/queue.h	return value
page	Documentation/core-api/dualtree.rst	Undefined substitution
'
# The same of --kunit, and the function that has to say it.
SERIES_KUNIT_FAULTS='
suite	lib/dualtree/kunit/free_test.c	FAILED.*dt_fault	series_suites
missing	lib/dualtree/kunit/free_test.c	dt_missing.* undefined	series_modules
'

# series_fault_text NAME: what the file gets.
series_fault_text()
{
	case $1 in
	control) echo '/* Nothing is wrong. */' ;;
	config) echo 'endmenu' ;;
	compiler) printf 'void dt_fault(void)\n{\n\tnothing;\n}\n' ;;
	warning) printf 'static void dt_fault(void)\n{\n}\n' ;;
	sparse) printf 'void *dt_fault(void);\nvoid *dt_fault(void)\n{\n\treturn 0;\n}\n' ;;
	unbuilt) echo '// SPDX-License-Identifier: GPL-2.0' ;;
	missing)
		printf 'void dt_missing(void);\nvoid dt_fault(void);\n'
		printf 'void dt_fault(void)\n{\n\tdt_missing();\n}\n'
		;;
	style) echo 'int dt_fault( void );' ;;
	parameter) printf '%s\n' '/**' ' * dt_fault() - fail' ' */' 'void dt_fault(int a);' ;;
	return) printf '%s\n' '/**' ' * dt_fault() - fail' ' */' 'int dt_fault(void);' ;;
	page) printf '%s\n' 'Title' '=====' '' 'This is |nothing|.' ;;
	suite)
		printf '%s\n' 'static void dt_fault(struct kunit *test)' '{' \
			'	KUNIT_FAIL(test, "on purpose");' '}' \
			'static struct kunit_case dt_fault_cases[] = {' \
			'	KUNIT_CASE(dt_fault), {}' '};' \
			'static struct kunit_suite dt_fault_suite = {' \
			'	.name = "dt_fault", .test_cases = dt_fault_cases,' '};' \
			'kunit_test_suite(dt_fault_suite);'
		;;
	esac
}

# series_fault NAME FILE: sets SERIES_FAULT, a patch that adds the fault to the file. The file is
# one of the copy alone: git has written it.
series_fault()
{
	local tree=$SERIES_DIR/linux

	rm -rf "$SERIES_DIR/fault"
	mkdir -p "$SERIES_DIR/fault" "$(dirname "$tree/$2")"
	[ ! -f "$tree/$2" ] || echo >>"$tree/$2"
	series_fault_text "$1" >>"$tree/$2"
	series_git add -f -- "$2"
	series_git commit -q -s -m "lib/dualtree: a fault on purpose" \
		-m "The self-check has to find it."
	series_git format-patch -q -1 --stdout >"$SERIES_DIR/fault/0000-$1.patch"
	SERIES_FAULT=$SERIES_DIR/fault/0000-$1.patch
	series_git reset -q --hard HEAD^
}

# series_found NAME EXPECTED STATUS: what was said, which is in said.txt, is what is expected.
series_found()
{
	local said=$SERIES_DIR/said.txt

	if [ "$2" = '^$' ] && [ "$3" -eq 0 ] && [ ! -s "$said" ]; then
		printf 'ok      %s: nothing is said of it\n' "$1"
	elif [ "$2" != '^$' ] && [ "$3" -ne 0 ] && grep -qE -- "$2" "$said"; then
		printf 'ok      %s: %s\n' "$1" "$(grep -m 1 -oE -- "$2.*" "$said")"
	else
		printf 'FAILED  %s: not found, or for another reason\n' "$1"
		sed -n '1,10s/^/    /p' "$said"
		return 1
	fi
}

# series_check_fault NAME EXPECTED: the fault, after the first patch.
series_check_fault()
{
	local status=0

	series_check_patch "$SERIES_FAULT" >"$SERIES_DIR/said.txt" || status=$?
	series_with 1
	series_found "$1" "$2" "$status"
}

# A patch for another tree, and a letter with a word that is to be replaced.
series_self_check_texts()
{
	local status=0 letter=${SERIES_PATCHES[0]}

	sed 's/buddy/friend/g' "${SERIES_PATCHES[2]}" >"$SERIES_DIR/fault/other.patch"
	SERIES_FAULT=$SERIES_DIR/fault/other.patch
	series_check_fault "another tree" '^git am does not take it$' || status=1
	series_letter >"$SERIES_DIR/said.txt"
	series_found "the letter" '^$' 0 || status=1
	{ cat "$letter" && echo '{cost|pair 1500 B'; } >"$SERIES_DIR/fault/letter.patch"
	SERIES_PATCHES[0]=$SERIES_DIR/fault/letter.patch
	series_letter >"$SERIES_DIR/said.txt"
	SERIES_PATCHES[0]=$letter
	series_found "a letter with an empty place" '\{cost\|pair' 1 || status=1
	return "$status"
}

series_self_check()
{
	local name file expected failed=0

	series_copy
	series_with 0
	rm -rf "${SERIES_TARGETS[@]/#/$SERIES_DIR/x86/}"
	SERIES_CONFIGURED=
	series_check_patch "${SERIES_PATCHES[1]}" >"$SERIES_DIR/said.txt" || {
		series_found "the first patch" '^$' 1
		return 1
	}
	while IFS=$'\t' read -r name file expected; do
		[ -n "$name" ] || continue
		series_fault "$name" "$file"
		series_check_fault "$name" "$expected" || failed=1
	done <<<"$SERIES_FAULTS"
	series_self_check_texts || failed=1
	return "$failed"
}

series_self_check_kunit()
{
	local name file expected check failed=0 status all=$((${#SERIES_PATCHES[@]} - 1))

	series_copy
	while IFS=$'\t' read -r name file expected check; do
		[ -n "$name" ] || continue
		series_with "$all"
		series_fault "$name" "$file"
		status=0
		series_apply "$SERIES_FAULT" || return 1
		"$check" >"$SERIES_DIR/said.txt" 2>&1 || status=$?
		series_found "$name" "$expected" "$status" || failed=1
	done <<<"$SERIES_KUNIT_FAULTS"
	series_with "$all"
	return "$failed"
}
