# SPDX-License-Identifier: GPL-2.0
#
# A series of patches against a kernel, made by lib/dualtree_series, and what is checked of it. To
# be sourced after common.sh, apt.sh, kernel.sh and version.sh.
#
#   series_source KERNEL   sets SERIES_TREE, the kernel's source; SERIES_VERSION; and SERIES_ID, a
#                          name for the cache
#   series_author          prints who git says writes here
#   series_make OUT AUTHOR sets SERIES_PATCHES[], the cover letter first
#   series_check [FROM]    applies and checks the patches one by one, from that number on; a line
#                          for each
#   series_kunit           the suites built in and run under user-mode Linux, and built as modules
#
# The last two need the lock "series-$SERIES_ID": one run at a time has the copy of the tree.
#
# Promises: SERIES_TREE is not changed. The copy is one of hard links, in which git replaces files.
# What a build in the copy has said is in the cache, in SERIES_DIR.

# series_checker: sparse, for newer kernels than Debian's. It does not know __typeof_unqual__, and not
# that the length of a literal is a constant, which assertions about MODULE_INFO() ask for. The
# compiler looks at assertions.
series_checker()
{
	cat >"$SERIES_DIR/sparse.h" <<-'END'
		#define __typeof_unqual__ __typeof__
		#define _Static_assert(...)
	END
	echo "sparse -include $SERIES_DIR/sparse.h"
}

# What checkpatch asks for and is not due:
#   FILE_PATH_CHANGES   MAINTAINERS has the entry in a patch of its own
# And in headers of trace events, which are lists of macro arguments:
#   PARENTHESIS_ALIGNMENT, OPEN_ENDED_LINE
# And where tests send NMIs: <linux/nmi.h> does not have register_nmi_handler(), <asm/nmi.h> does.
SERIES_IGNORE=FILE_PATH_CHANGES
SERIES_IGNORE_LINES='/trace\.h:[0-9]*: CHECK:(PARENTHESIS_ALIGNMENT|OPEN_ENDED_LINE):|'
SERIES_IGNORE_LINES+='/nmi_ipi\.h:[0-9]*: WARNING:INCLUDE_LINUX: .*<asm/nmi\.h>'

# Where the series has code to build.
SERIES_TARGETS=(lib/dualtree samples/dualtree_e1000)

series_version()
{
	sed -n 's/^\(VERSION\|PATCHLEVEL\|SUBLEVEL\) = //p' "$SERIES_TREE/Makefile" | paste -sd. -
}

series_source()
{
	if [ -d "$1" ]; then
		SERIES_TREE=$(cd "$1" && pwd)
		[ -f "$SERIES_TREE/Makefile" ] || die "$1 is not the source of a kernel: it has no Makefile"
		SERIES_VERSION=$(series_version)
		SERIES_ID=$SERIES_VERSION-$(echo "$SERIES_TREE" | short_hash)
		return
	fi
	case $1 in
	newest | [0-9]*.[0-9]*) ;;
	*) die "$1 is neither a directory nor a version (see --help)" ;;
	esac
	resolve_source
	if [ "linux-source-$1" = "$PLAIN_SOURCE" ]; then
		get_source
	else
		get_release_source "$1"
	fi
	SERIES_TREE=$KERNEL_SRC
	SERIES_VERSION=$(series_version)
	# make finds nothing in a path with such signs.
	SERIES_ID=$(tr '+~:' - <<<"$KERNEL_SRC_ID")
}

series_author()
{
	local name mail

	name=$(git -C "$PROJECT" config user.name) || name=
	mail=$(git -C "$PROJECT" config user.email) || mail=
	[[ -n $name && -n $mail ]] ||
		die "git knows no user.name and user.email here: say --author \"NAME <ADDRESS>\""
	echo "$name <$mail>"
}

# Patches of one commit and one kernel are the same whenever they are made.
series_make()
{
	local made date

	date=$(git -C "$PROJECT" log -1 --format=%cI)
	made=$(PYTHONPATH=$SCRIPTS/lib python3 -B -m dualtree_series make "$PROJECT" "$SERIES_TREE" \
		"$1" "$2" "$date" "$(project_version)") || exit 2
	mapfile -t SERIES_PATCHES <<<"$made"
	log "$((${#SERIES_PATCHES[@]} - 1)) patches and a cover letter for Linux $SERIES_VERSION"
}

# series_git [-C TREE] COMMAND...: git in the copy, or in another tree of its repository.
series_git()
{
	git -C "$SERIES_DIR/linux" -c user.name=series -c user.email=series@localhost \
		-c commit.gpgsign=false -c core.hooksPath=/dev/null "$@"
}

# What tells that the copy is of another state of the tree, as far as git knows that.
series_stamp()
{
	echo "$SERIES_VERSION"
	[ ! -e "$SERIES_TREE/.git" ] || git -C "$SERIES_TREE" rev-parse HEAD
}

# The copy, as the kernel has it. Its repository has the files that the series changes and adds, and
# the licences, which spdxcheck.py looks for there.
series_copy()
{
	local file changed=() stamp

	SERIES_DIR=$CACHE/series/$SERIES_ID
	mkdir -p "$SERIES_DIR"
	stamp=$(series_stamp)
	if [ "$stamp" = "$(cat "$SERIES_DIR/stamp" 2>/dev/null)" ]; then
		# What a run that was ended has left.
		series_git am --abort >/dev/null 2>&1 || true
		return
	fi
	log "linking the kernel's source into a tree of its own"
	while read -r file; do
		[ ! -f "$SERIES_TREE/$file" ] || changed+=("$file")
	done < <(sed -n 's|^--- a/||p' "${SERIES_PATCHES[@]}" | sort -u)
	rm -rf "$SERIES_DIR/linux" "$SERIES_DIR/linux.part" "$SERIES_DIR/stamp"
	cp -al "$SERIES_TREE" "$SERIES_DIR/linux.part" 2>/dev/null || {
		rm -rf "$SERIES_DIR/linux.part"
		cp -a "$SERIES_TREE" "$SERIES_DIR/linux.part"
	}
	rm -rf "$SERIES_DIR/linux.part/.git"
	mv "$SERIES_DIR/linux.part" "$SERIES_DIR/linux"
	if ! { series_git init -q -b series && series_git add -f -- LICENSES "${changed[@]}" &&
		series_git commit -q -m base && series_git tag base; }; then
		die "cannot make a repository of $SERIES_DIR/linux"
	fi
	echo "$stamp" >"$SERIES_DIR/stamp"
}

# series_with COUNT: the copy has that many patches. They are applied elsewhere, so that files which
# are the same already stay, and their objects with them.
series_with()
{
	local tree=$SERIES_DIR/with

	rm -rf "$tree"
	if ! { series_git worktree prune && series_git worktree add -q --detach "$tree" base &&
		{ [ "$1" -eq 0 ] || series_git -C "$tree" am -q "${SERIES_PATCHES[@]:1:$1}"; } &&
		series_git reset -q --hard "$(git -C "$tree" rev-parse HEAD)"; } \
		>"$SERIES_DIR/am.log" 2>&1; then
		show_log "$SERIES_DIR/am.log" 10
		die "git does not take the first $1 patches"
	fi
	rm -rf "$tree"
}

series_apply()
{
	series_git am -q "$@" >"$SERIES_DIR/am.log" 2>&1 || {
		show_log "$SERIES_DIR/am.log" 10
		series_git am --abort >/dev/null 2>&1 || true
		return 1
	}
}

# series_kbuild LABEL LOGFILE WORD...: make, for x86.
series_kbuild()
{
	run_long "$1" "$2" "" make -C "$SERIES_DIR/linux" O="$SERIES_DIR/x86" -j"$(nproc)" "${@:3}"
}

series_targets()
{
	local target

	for target in "${SERIES_TARGETS[@]}"; do
		[ ! -d "$SERIES_DIR/linux/$target" ] || echo "$target/"
	done
}

# The objects of sources that are there: an earlier run may have left others.
series_objects()
{
	local object

	while read -r object; do
		[ ! -f "$SERIES_DIR/linux/${object%.o}.c" ] || echo "$SERIES_DIR/x86/$object"
	done < <(cd "$SERIES_DIR/x86" && find "${SERIES_TARGETS[@]}" -name '*.o' 2>/dev/null)
}

# series_silent SAID: fails, and shows the beginning, if anything was said.
series_silent()
{
	[ -z "$1" ] || {
		sed -n '1,20p' <<<"$1"
		return 1
	}
}

# series_builds PATCH: whether what is there builds, and the compiler and sparse say nothing. They are
# silent about what they do not compile anew, so all of a patch is compiled after it. A patch with
# which a run begins finds no configuration, or that of another run.
series_builds()
{
	local patch=$1 nr logfile targets said

	grep -qE '^\+\+\+ b/.*(\.[ch]|Kconfig|Makefile)$' "$patch" || return 0
	nr=$(basename "$patch" | cut -d- -f1)
	logfile=$SERIES_DIR/$nr.log
	mapfile -t targets < <(series_targets)
	if [ -z "$SERIES_CONFIGURED" ] || grep -qE '^\+\+\+ b/.*Kconfig$' "$patch"; then
		series_kbuild "$nr: configuring" "$logfile" -s allmodconfig || {
			show_log "$logfile" 15
			echo "cannot be configured"
			return 1
		}
		SERIES_CONFIGURED=yes
	fi
	series_kbuild "$nr: building" "$logfile" W=1 C=1 CHECK="$(series_checker)" \
		"${targets[@]}" || {
		grep -E 'error|Error' "$logfile" | sed -n '1,10p'
		echo "does not build; the log is $logfile"
		return 1
	}
	said=$(grep -E '(warning|error):' "$logfile" || true)
	series_silent "$said" || {
		echo "does not build without a complaint; the log is $logfile"
		return 1
	}
	series_compiled "$patch"
}

# series_compiled PATCH: whether each file of it has an object that is newer.
series_compiled()
{
	local file left=()

	while read -r file; do
		[ "$SERIES_DIR/x86/${file%.c}.o" -nt "$SERIES_DIR/linux/$file" ] || left+=("$file")
	done < <(sed -n 's|^+++ b/\(.*\.c\)$|\1|p' "$1")
	[ ${#left[@]} -eq 0 ] || {
		echo "not compiled: ${left[*]}"
		return 1
	}
}

# Of our names what is called and not there: a patch must not lean on a later one.
series_links()
{
	local objects missing

	mapfile -t objects < <(series_objects)
	[ ${#objects[@]} -gt 0 ] || return 0
	missing=$(comm -23 \
		<(nm -u "${objects[@]}" 2>/dev/null | awk '$1 == "U" && $2 ~ /^(dualtree|dt|buddy)_/ { print $2 }' |
			sort -u) \
		<(nm --defined-only "${objects[@]}" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u))
	[ -z "$missing" ] || {
		echo "calls what is not there: $(tr '\n' ' ' <<<"$missing")"
		return 1
	}
}

# Debian's python is the one that has the packages of spdxcheck.py.
series_checkpatch()
{
	local said

	said=$(cd "$SERIES_DIR/linux" && PATH=/usr/bin:$PATH perl scripts/checkpatch.pl --strict \
		--terse --showfile --no-summary --show-types --ignore "$SERIES_IGNORE" "$1" 2>&1 |
		grep -vE "$SERIES_IGNORE_LINES" | grep -v '^Use of uninitialized value') || true
	series_silent "$said"
}

# series_docs PATCH: what kernel-doc says of the files of a patch. It asks for Return: with -v in 6.1,
# and with -Wall in newer kernels.
series_docs()
{
	local files flags=(-v) said

	mapfile -t files < <(sed -n 's|^+++ b/\(.*\.[ch]\)$|\1|p' "$1")
	[ ${#files[@]} -gt 0 ] || return 0
	! (cd "$SERIES_DIR/linux" && ./scripts/kernel-doc --help 2>&1 || true) | grep -q -e -Wall ||
		flags+=(-Wall)
	said=$(cd "$SERIES_DIR/linux" && ./scripts/kernel-doc "${flags[@]}" -none "${files[@]}" 2>&1 |
		grep -iE 'warning|error') || true
	series_silent "$said"
}

# series_page PATCH: the page, made HTML of by itself.
series_page()
{
	local said page=Documentation/core-api/dualtree.rst

	grep -q "^+++ b/$page" "$1" || return 0
	apt_install python3-sphinx
	get_source
	temp_dir
	mkdir "$TEMP_DIR/pages"
	cp "$SERIES_DIR/linux/$page" "$TEMP_DIR/pages"
	said=$(KERNEL_SRC=$KERNEL_SRC PYTHONDONTWRITEBYTECODE=1 sphinx-build -q -W --keep-going -b html \
		-c "$PROJECT/Documentation" -D master_doc=dualtree -D html_static_path= \
		-D kerneldoc_srctree="$SERIES_DIR/linux" -d "$TEMP_DIR/doctrees" \
		"$TEMP_DIR/pages" "$SERIES_DIR/html" 2>&1) || {
		echo "$said"
		return 1
	}
}

# series_check_patch PATCH: applies it, and prints what is wrong.
series_check_patch()
{
	local check status=0

	series_apply "$1" || {
		echo "git am does not take it"
		return 1
	}
	for check in builds links checkpatch docs page; do
		"series_$check" "$1" || status=1
	done
	return "$status"
}

series_check()
{
	local from=${1:-1} patch name said failed=0 start

	[ "$from" -lt ${#SERIES_PATCHES[@]} ] || die "there is no patch $from"
	SERIES_CONFIGURED=
	series_copy
	series_with $((from - 1))
	if [ "$from" -eq 1 ]; then
		rm -rf "${SERIES_TARGETS[@]/#/$SERIES_DIR/x86/}"
	else
		printf '        the first %d are applied and not checked\n' $((from - 1))
	fi
	said=$SERIES_DIR/said.txt
	for patch in "${SERIES_PATCHES[@]:from}"; do
		start=$SECONDS
		name=$(basename "$patch" .patch)
		if series_check_patch "$patch" >"$said"; then
			printf 'ok      %s %s\n' "$name" "$(duration $((SECONDS - start)))"
		else
			sed -n '1,60s/^/    /p' "$said"
			printf 'FAILED  %s\n' "$name"
			failed=$((failed + 1))
			# The next ones need it.
			[ ! -s "$SERIES_DIR/am.log" ] || break
		fi
	done
	said=$(series_letter)
	[ -z "$said" ] || {
		printf 'FAILED  the cover letter\n%s\n' "$said"
		failed=$((failed + 1))
	}
	[ "$failed" -eq 0 ]
}

# What was not filled in. That figures are cells is seen to where the letter is made.
series_letter()
{
	grep -nE '\*\*\*|[{}]' "${SERIES_PATCHES[0]}" || true
}

# What kunit.py's own configuration asks for and a process has no device for.
SERIES_KUNIT=(--kunitconfig lib/dualtree --kconfig_add CONFIG_UML_PCI_OVER_VIRTIO=n
	--kconfig_add CONFIG_MODULES=y)

# series_um TARGET...: make for user-mode Linux.
series_um()
{
	run_long "user-mode Linux: $*" "$SERIES_DIR/um-make.log" "" \
		make -C "$SERIES_DIR/linux" ARCH=um O="$SERIES_DIR/um" -j"$(nproc)" "$@" || {
		show_log "$SERIES_DIR/um-make.log" 15
		return 1
	}
}

# The suites as modules: modpost finds each symbol that one of them calls.
series_modules()
{
	local config=$SERIES_DIR/um/.config nr

	sed -i -E 's/^(CONFIG_DUALTREE(_NETBUF|_KUNIT_TEST)?)=y/\1=m/' "$config"
	series_um olddefconfig || return 1
	grep -q '^CONFIG_DUALTREE_KUNIT_TEST=m' "$config" || {
		echo "the suites cannot be modules"
		return 1
	}
	series_um vmlinux modules || return 1
	! grep -E '(warning|error|WARNING|ERROR):' "$SERIES_DIR/um-make.log" || return 1
	nr=$(find "$SERIES_DIR/um/lib/dualtree" -name '*_test.ko' | wc -l)
	[ "$nr" -gt 0 ] || {
		echo "no suite is a module"
		return 1
	}
	printf 'ok      %s suites are modules\n' "$nr"
}

# The suites built in.
series_suites()
{
	local logfile total

	logfile=$SERIES_DIR/kunit.log
	run_long "building user-mode Linux and running the suites" "$logfile" "" \
		env -C "$SERIES_DIR/linux" ./tools/testing/kunit/kunit.py run "${SERIES_KUNIT[@]}" \
		--build_dir "$SERIES_DIR/um" --jobs "$(nproc)" --timeout 1200 || {
		grep -E '\[FAILED\]|error|crashed' "$logfile" | sed -n '1,20p'
		show_log "$logfile" 15
		printf 'FAILED  the suites; the log is %s\n' "$logfile"
		return 1
	}
	total=$(sed -n 's/.*Testing complete\. *//p' "$logfile")
	[ -n "$total" ] || {
		echo "FAILED  kunit.py does not say how it went; the log is $logfile"
		return 1
	}
	printf 'ok      the suites, built in: %s\n' "$total"
}

series_kunit()
{
	series_copy
	series_with $((${#SERIES_PATCHES[@]} - 1))
	series_suites || return 1
	series_modules || {
		echo "FAILED  the suites as modules"
		return 1
	}
}
