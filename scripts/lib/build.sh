# SPDX-License-Identifier: GPL-2.0
#
# Builds modules against one of our kernels, outside of the project's tree. To be
# sourced after common.sh and kernel.sh.
#
#   build_modules FOLDER NAME [MAKE-ARGUMENT...]
#       builds FOLDER of the project, samples and suites included; sets BUILD_DIR,
#       BUILD_LOG and BUILD_MODULES[], copies of the .ko files that this build made, under
#       their paths in FOLDER (what an older build left does not count). With BUILD_CLEAN=yes nothing of an
#       older build is used
#
#   build_or_die FOLDER NAME [MAKE-ARGUMENT...]
#       the same; a build that fails ends the script, and what the compiler says is shown
#   build_complaints      what the compiler said about our files in the last build
#   module_path NAME      the module of that name in BUILD_MODULES[], or status 1
#   built_module NAME     the same; one that is not there ends the script
#
# Promises: nothing is written into the project's tree, builds for two kernels or of
# two clones do not meet, only what changed is built again. NAME tells apart builds of
# one tree with different arguments.

# Files that are gone from the project must not linger as sources in the copy. What has changed gets
# the time of the copy: one that was edited while the last build ran is older than its object.
sync_sources()
{
	local from=$1 to=$2

	mkdir -p "$to"
	# shellcheck disable=SC2016
	git -C "$from" ls-files -co --exclude-standard -z |
		(cd "$from" && xargs -0 -r sh -c 'for f; do [ ! -f "$f" ] || printf "%s\0" "$f"; done' -) |
		sort -zu >"$to.files.new"
	if [ -f "$to.files" ]; then
		comm -z -23 "$to.files" "$to.files.new" | (cd "$to" && xargs -0 -r rm -f --)
	fi
	rsync -rlp --checksum --from0 --files-from="$to.files.new" "$from/" "$to/"
	mv "$to.files.new" "$to.files"
}

# sources_due MAKE-ARGUMENT...: what a build that begins with nothing compiles; 0 if an earlier build
# left objects, for then only make knows. Without KUnit in the kernel there are no suites.
sources_due()
{
	local left_out=()

	if [ "$(objects_left "$BUILD_DIR")" -gt 0 ]; then
		echo 0
		return
	fi
	grep -qs '^CONFIG_KUNIT=' "$KERNEL_KDIR/.config" || left_out+=(! -path '*/kunit/*')
	[[ " $* " != *' CONFIG_DUALTREE_BENCH= '* ]] || left_out+=(! -path '*/bench/*')
	find "$BUILD_DIR" -name '*.c' ! -name '*.mod.c' "${left_out[@]}" | wc -l
}

# A small source for each module is compiled after those that are counted, and linking comes last:
# 100 % is never said.
count_compiled()
{
	local compiled percent

	compiled=$(grep -cE '^  (CC|CHECK)' "$1" || true)
	if [ "$SOURCES_DUE" -eq 0 ]; then
		echo "$compiled compiled"
		return
	fi
	percent=$((compiled * 100 / SOURCES_DUE))
	[ "$percent" -le 99 ] || percent=99
	echo "$percent %, $compiled compiled"
}

# As copies: the next run may build while this one's guest is being made.
keep_modules()
{
	local path copy

	temp_dir
	while read -r path; do
		# Relative from 6.13 on.
		path=${path#"$BUILD_DIR"/}
		path=${path%.*}.ko
		copy=$TEMP_DIR/$path
		mkdir -p "$(dirname "$copy")"
		cp "$BUILD_DIR/$path" "$copy"
		BUILD_MODULES+=("$copy")
	done <"$BUILD_DIR/modules.order"
}

build_modules()
{
	local folder=$1 name=$2 clone status=0 lockname

	shift 2
	clone=$(echo "$PROJECT" | short_hash)
	BUILD_DIR=$CACHE/build/$KERNEL_ID/$name-$clone/src
	BUILD_LOG=$CACHE/build/$KERNEL_ID/$name-$clone/build.log
	BUILD_MODULES=()
	mkdir -p "$BUILD_DIR"
	lockname=build-$KERNEL_ID-$name-$clone
	lock "$lockname"
	sync_sources "$folder" "$BUILD_DIR"
	rm -f "$BUILD_DIR/modules.order"
	[ -z "${BUILD_CLEAN-}" ] || "${KERNEL_MAKE[@]}" -C "$KERNEL_KDIR" M="$BUILD_DIR" clean >"$BUILD_LOG" 2>&1
	SOURCES_DUE=$(sources_due "$@")
	run_long "building modules" "$BUILD_LOG" count_compiled \
		"${KERNEL_MAKE[@]}" -C "$KERNEL_KDIR" M="$BUILD_DIR" -j"$(nproc)" DUALTREE_ALL=1 "$@" \
		modules || status=$?
	[ "$status" -ne 0 ] || keep_modules
	unlock "$lockname"
	return "$status"
}

build_complaints()
{
	sed -nE "s|$BUILD_DIR/||g; /warning:|error:|undefined!|(WARNING|ERROR): modpost/p" "$BUILD_LOG"
}

build_or_die()
{
	log "building modules against $(basename "$KERNEL_KDIR")"
	build_modules "$@" || {
		build_complaints | sed -n '1,20p' >&2
		show_log "$BUILD_LOG" 10
		die "the modules do not build; the log is $BUILD_LOG"
	}
	build_complaints | sed -n '1,20p' >&2
}

module_path()
{
	local path

	for path in "${BUILD_MODULES[@]}"; do
		if [[ ${path//-/_} == */${1//-/_}.ko ]]; then
			echo "$path"
			return
		fi
	done
	return 1
}

built_module()
{
	module_path "$1" || die "$1.ko was not built"
}
