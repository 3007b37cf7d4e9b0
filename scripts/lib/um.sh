# SPDX-License-Identifier: GPL-2.0
#
# The suites built into a kernel that is a process: user-mode Linux, made and run by the kernel's
# own kunit.py in a tree that scripts/intree has put dualtree into. To be sourced after
# common.sh, kernel.sh and run.sh.
#
#   um_build            the tree and the kernel, in the cache; sets UM_TREE and UM_BUILD
#   um_run DIR SECONDS [AREA...]
#                       runs the suites dualtree_AREA, each on its own, or all at once; SEED
#                       is passed to those that take it. Leaves DIR/console.log and
#                       DIR/results.txt, what kunit.py says
#   um_judge DIR AREA...
#                       sets RUN_PASSED, RUN_FAILED and RUN_SKIPPED, and leaves DIR/failures.txt,
#                       what else is wrong, as "KIND: TEXT" lines
#
# Promises: the source in the cache is not changed. The tree is one of hard links to it, in which
# scripts/intree replaces files. What was not seen to pass has failed.

# kunit.py's own configuration asks for a PCI bus of which 6.1 says in a warning that it has no
# device. With time-travel the kernel's clock jumps to the next timer where nothing is to be done:
# the suites waited for most of the time.
UM_OPTIONS=(--kunitconfig lib/dualtree --kconfig_add CONFIG_UML_PCI_OVER_VIRTIO=n
	--kconfig_add CONFIG_UML_TIME_TRAVEL_SUPPORT=y --kconfig_add CONFIG_KASAN=y)

um_get_tree()
{
	local dir built

	get_source
	dir=$CACHE/intree/$KERNEL_SRC_ID-$(echo "$PROJECT" | short_hash)
	UM_TREE=$dir/linux
	UM_BUILD=$dir/um
	if [ ! -d "$UM_TREE" ]; then
		log "linking the kernel's source into a tree of its own"
		mkdir -p "$dir"
		rm -rf "$UM_TREE.part"
		cp -al "$KERNEL_SRC" "$UM_TREE.part"
		mv "$UM_TREE.part" "$UM_TREE"
	fi
	# UM_BUILD.built says with what the tree as it is was built; not while it changes.
	built=$(cat "$UM_BUILD.built" 2>/dev/null) || true
	rm -f "$UM_BUILD.built"
	"$SCRIPTS/intree" "$UM_TREE" >"$dir/intree.log" 2>&1 || {
		cat "$dir/intree.log" >&2
		die "cannot put dualtree into $UM_TREE"
	}
	! grep -q '; 0 files changed' "$dir/intree.log" || echo "$built" >"$UM_BUILD.built"
}

# kunit.py keeps what make says to itself.
um_objects()
{
	echo "$(find "$UM_BUILD" -name '*.o' | wc -l) objects"
}

um_build()
{
	local name made_with

	name=um-$(echo "$PROJECT" | short_hash)
	lock "$name"
	um_get_tree
	# make looks at each of a thousand objects, which takes as long as half of the suites.
	made_with=$("${CC:-gcc}" --version | sed -n 1p)$'\n'${UM_OPTIONS[*]}
	if [ "$(cat "$UM_BUILD.built" 2>/dev/null)" = "$made_with" ] && [ -x "$UM_BUILD/linux" ]; then
		unlock "$name"
		return
	fi
	rm -f "$UM_BUILD.built"
	[ -d "$UM_BUILD" ] ||
		log "building user-mode Linux (once; some 15 minutes of one CPU)"
	run_or_die "user-mode Linux does not build; the log is $UM_BUILD.log" \
		"building user-mode Linux" "$UM_BUILD.log" um_objects \
		env -C "$UM_TREE" ./tools/testing/kunit/kunit.py build "${UM_OPTIONS[@]}" \
		--build_dir "$UM_BUILD" --jobs "$(nproc)"
	# Warnings are all that kunit.py shows of a build that went well.
	grep -E 'warning:|error:' "$UM_BUILD.log" | sed -n '1,20p' >&2 || true
	echo "$made_with" >"$UM_BUILD.built"
	unlock "$name"
}

# What the kernel is told at boot, the seed of each suite that takes one too, into UM_ARGS[].
um_arguments()
{
	local file

	UM_ARGS=(--kernel_args time-travel)
	while read -r file; do
		UM_ARGS+=(--kernel_args "$(suite_module "$(basename "$file" _test.c)").seed=$SEED")
	done < <(grep -l '^module_param(seed, ' "$PROJECT"/kunit/*_test.c)
}

um_run()
{
	local dir=$1 patience=$2 suite pattern

	shift 2
	um_arguments
	: >"$dir/console.log"
	: >"$dir/results.txt"
	[ $# -gt 0 ] || set -- ''
	for suite; do
		pattern=()
		[ -z "$suite" ] || pattern=("dualtree_$suite")
		run_long "running the suites" "$dir/kunit.log" "" \
			env -C "$UM_TREE" ./tools/testing/kunit/kunit.py exec "${UM_OPTIONS[@]}" \
			--build_dir "$UM_BUILD" --timeout "$patience" "${UM_ARGS[@]}" \
			"${pattern[@]}" || true
		cat "$dir/kunit.log" >>"$dir/results.txt"
		cat "$UM_BUILD/test.log" >>"$dir/console.log"
	done
}

um_judge()
{
	read -r RUN_PASSED RUN_FAILED RUN_SKIPPED < <(guest_says suites um "$@")
}
