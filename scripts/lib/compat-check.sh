# SPDX-License-Identifier: GPL-2.0
#
# compat/probe.sh and compat/refuse.h, held against headers of which the answers are known. To be
# sourced after common.sh, apt.sh, kernel.sh and build.sh.
#
#   check_probes            the stock kernels among those of kernels(), which is the script's, have
#                           what PROBE_ANSWERS says; comments and headers that are not there answer
#                           no; and headers of 6.1 that have calls of newer ones, as vendors' have,
#                           build
#   check_refusals          headers that REFUSALS names end the build with one sentence
#
# Both print what is wrong, and return 1 then.

# What probe.sh answers, for the stock kernels of x86.
PROBE_ANSWERS='
probe                   stock  stock-6.12  stock-7.3
ALLOC_NETDEV_DUMMY      0      1           1
APIC_SEND_IPI_MASK      0      1           1
ASSIGN_STR_SOURCE       1      0           0
ETHTOOL_PUTS            0      1           1
HRTIMER_SETUP           0      0           1
NETNS_TRACKER_REFCOUNTED 0     1           1
NS_STRING               0      0           1
PAGE_FRAG_CACHE_DRAIN   0      1           0
PAGE_FRAG_CACHE_H       0      0           1
PAGE_POOL_HELPERS       0      1           1
RISCV_CMPXCHG_8         0      1           1
SHRINKER_ALLOC          0      1           1
SKB_FRAGS_READABLE      0      1           1
SK_NET_REFCNT_UPGRADE   0      1           1
SOCKADDR_UNSIZED        0      0           1
SYSTEM_PERCPU_WQ        0      1           1
TCP_ALLOC_SKB_SIZE      1      0           0
TIMER_DELETE_SYNC       1      1           1
UBUF_INFO_OPS           0      1           1
UDP_TEST_BIT            1      1           1
XDP_FEATURES            0      1           1
'

# probe SRCTREE: a line for each answer, "NAME 0" or "NAME 1".
probe()
{
	sh "$PROJECT/compat/probe.sh" "$1" x86 | tr ' ' '\n' | sed 's/^-DDT_HAVE_//; s/=/ /'
}

# header_sources: where the headers are that Debian's KERNEL_KDIR, which may be in a root of its
# own, is built on.
header_sources()
{
	local root='' kdir

	[ -d "$KERNEL_KDIR" ] || root=$CACHE/kernel/$KERNEL_ID
	kdir=$root$KERNEL_KDIR
	echo "$root$(sed -n 's|^include \(.*\)/Makefile$|\1|p' "$kdir/Makefile")"
}

known_answers()
{
	local kind=$1 expected

	expected=$(awk -v kind="$kind" '
		NF && !column { for (i = 2; i <= NF; i++) if ($i == kind) column = i; next }
		NF { print $1, $column }' <<<"$PROBE_ANSWERS")
	get_kernel "$kind"
	diff <(echo "$expected") <(probe "$(header_sources)") ||
		{ echo "probes of $kind: other answers (>) than expected (<)"; return 1; }
}

# Headers that say the names in comments only, and others that break the lines where they like.
made_up_answers()
{
	local dir status=0

	temp_dir
	dir=$TEMP_DIR/include/linux
	mkdir -p "$dir"
	cat >"$dir/hrtimer.h" <<-'END'
		/* Use hrtimer_setup() instead. */
		/*
		 * And not
		 extern void hrtimer_setup(struct hrtimer *timer);
		 **/
		extern void hrtimer_init(struct hrtimer *timer); // or hrtimer_setup()
	END
	echo 'extern struct workqueue_struct *system_wq; /* system_percpu_wq; */' >"$dir/workqueue.h"
	printf 'int kernel_bind(struct socket *sock,\n\t\tstruct sockaddr_unsized *addr);\n' >"$dir/net.h"
	if [ "$(probe "$TEMP_DIR" | grep ' 1$')" != 'SOCKADDR_UNSIZED 1' ]; then
		echo "probes of made-up headers: one alone has to be found, and there are:"
		probe "$TEMP_DIR" | grep ' 1$' || true
		status=1
	fi
	rm "$dir/hrtimer.h"
	if grep -qv 'no include/linux/hrtimer.h' <<<"$(probe "$TEMP_DIR" 2>&1)"; then
		echo "probes of no headers: they answer"
		status=1
	fi
	return "$status"
}

# add_to_header FILE: what is read comes before the #endif at its end.
add_to_header()
{
	local end

	end=$(tail -n 1 "$1")
	sed -i '$d' "$1"
	cat - >>"$1"
	echo "$end" >>"$1"
}

# vendor_headers DIR: a copy of the stock kernel's headers with calls that came later.
vendor_headers()
{
	local dir=$1 sources

	get_kernel stock
	sources=$(header_sources)
	mkdir -p "$dir/sources"
	cp -aL "$sources"/{Makefile,arch,include,scripts} "$dir/sources"
	cp -aL "$KERNEL_KDIR" "$dir/build"
	sed -i "s|^include .*|include $dir/sources/Makefile|" "$dir/build/Makefile"
	(
		cd "$dir/sources/include/linux" || exit
		add_to_header hrtimer.h <<-'END'
			static inline void hrtimer_setup(struct hrtimer *timer,
							 enum hrtimer_restart (*function)(struct hrtimer *),
							 clockid_t clock_id, enum hrtimer_mode mode)
			{
				hrtimer_init(timer, clock_id, mode);
				timer->function = function;
			}
		END
		sed -i 's/__stringify(ns)/ns/' export.h module.h
		sed -i '/register_shrinker/,/;/d; s/^\tint seeks;.*/&\n\tvoid *private_data;/' shrinker.h
		add_to_header shrinker.h <<-'END'
			struct shrinker *shrinker_alloc(unsigned int flags, const char *fmt, ...);
			void shrinker_register(struct shrinker *shrinker);
			void shrinker_free(struct shrinker *shrinker);
		END
		add_to_header workqueue.h <<-'END'
			extern struct workqueue_struct *system_percpu_wq;
			extern struct workqueue_struct *system_dfl_wq;
		END
	)
	printf '0x00000000\t%s\tvmlinux\tEXPORT_SYMBOL_GPL\t\n' shrinker_alloc shrinker_register \
		shrinker_free system_percpu_wq system_dfl_wq >>"$dir/build/Module.symvers"
}

# What vendor_headers has made newer; the kernel's number is the old one.
VENDOR_HAS='HRTIMER_SETUP 1
NS_STRING 1
SHRINKER_ALLOC 1
SYSTEM_PERCPU_WQ 1'

vendor_build()
{
	temp_dir
	vendor_headers "$TEMP_DIR"
	diff <(echo "$VENDOR_HAS") <(probe "$TEMP_DIR/sources" | grep -xF "$VENDOR_HAS") || {
		echo "headers of 6.1 with newer calls: the probes lack some"
		return 1
	}
	KERNEL_KDIR=$TEMP_DIR/build
	KERNEL_ID=vendor
	if ! BUILD_CLEAN=yes build_modules "$PROJECT" check-probes W=1 \
		DUALTREE_EXTRA_WARNINGS=1 CONFIG_DUALTREE_NETBUF=m CONFIG_DUALTREE_SAMPLES=m \
		CONFIG_DUALTREE_BENCH= || build_complaints | grep .; then
		tail -n 5 "$BUILD_LOG"
		echo "headers of 6.1 with newer calls: the log is $BUILD_LOG"
		return 1
	fi
}

check_probes()
{
	local kind status=0

	use_arch amd64
	for kind in $(kernels | sed -n 's|^amd64/||p'); do
		! grep -qw -- "$kind" <<<"$(sed -n 2p <<<"$PROBE_ANSWERS")" ||
			known_answers "$kind" || status=1
	done
	made_up_answers || status=1
	vendor_build || status=1
	return "$status"
}

# Debian's name of an architecture, the suite and the package that lead to its headers, the
# triplet of its compiler ("-" for this machine's), and what the sentence has to say.
REFUSALS='
armhf  bookworm  linux-headers-armmp  arm-linux-gnueabihf  64-bit kernel
i386   bookworm  linux-headers-686    -                    64-bit kernel
s390x  bookworm  linux-headers-s390x  s390x-linux-gnu      cache lines
amd64  bullseye  linux-headers-amd64  -                    Linux 6.1 or newer
'

# refused_packages META: the headers that the newest of META in RELEASE_APT's lists leads to, and
# what they are built with: each with its version.
refused_packages()
{
	local headers

	headers=$(apt-cache "${RELEASE_APT[@]}" show "$1:$GUEST_ARCH" 2>/dev/null |
		sed -n 's/^Depends: .*\(linux-headers-[^ ,]*\) (= \([^)]*\)).*/\1:'"$GUEST_ARCH"'=\2/p' |
		sed -n 1p)
	[ -n "$headers" ] || return 1
	echo "$headers"
	release_needs "$headers" 'linux-headers-.*-common|linux-kbuild-.*' |
		sed "s/\$/=${headers##*=}/"
}

download_refused()
{
	local meta=$1 dir=$2 packages

	mapfile -t packages < <(refused_packages "$meta")
	[ ${#packages[@]} -gt 0 ] || return 1
	rm -rf "$dir"
	mkdir -p "$dir"
	run_long "downloading $meta" "$RELEASE_LOG" "" env -C "$dir" \
		apt-get "${RELEASE_APT[@]}" download "${packages[@]}"
}

# get_refused ARCH SUITE META DIR: the .debs of the headers into DIR.
get_refused()
{
	local GUEST_ARCH=$1 suite=$2 meta=$3 dir=$4

	release_use_lists "$suite" "$suite"
	release_try "$suite" download_refused "$meta" "$dir.part" ||
		die "cannot get $meta of $suite for $GUEST_ARCH"
	mv "$dir.part" "$dir"
}

# make_in DIR TRIPLET TARGET: of a copy of the project, against the headers in DIR.
make_in()
{
	local compiler=

	[ "$2" = - ] || compiler=$2-
	sync_sources "$PROJECT" "$1/dualtree"
	make -C "$(dirname "$1"/usr/src/*/.kernelvariables)" CROSS_COMPILE="$compiler" \
		CC="${compiler}gcc" M="$1/dualtree" -j2 "$3" 2>&1
}

# refused ARCH DIR TRIPLET SENTENCE: one sentence, no compiler's complaint, and no object.
refused()
{
	local said status=0

	said=$(make_in "$2" "$3" modules) && status=1
	[ "$(grep -c 'dualtree needs' <<<"$said")" -eq 1 ] || status=1
	grep -q "dualtree needs .*$4" <<<"$said" || status=1
	! grep -qE 'error:|warning:|^ *CC ' <<<"$said" || status=1
	make_in "$2" "$3" clean >/dev/null || {
		echo "$1: make clean fails"
		status=1
	}
	[ "$status" -eq 0 ] || {
		echo "$1: refused in one sentence about \"$4\", it has to be; instead:"
		head -n 20 <<<"$said"
	}
	return "$status"
}

# unpack_refused DEBS DIR: they say where they are, which is below DIR.
unpack_refused()
{
	local package

	for package in "$1"/*.deb; do
		dpkg-deb -x "$package" "$2"
	done
	sed -i "s|^include /usr/src|include $2/usr/src|" "$2"/usr/src/*/Makefile
}

# What no headers of Debian's are refused for: what the preprocessor is told
# apart from CONFIG_64BIT, and what the sentence has to say, or "-" for none.
MADE_UP_REFUSALS='
-DCONFIG_MMU=1 -DSHIFT=6|-
-DCONFIG_MMU=1 -DSHIFT=7|-
-DCONFIG_MMU=1 -DSHIFT=8|cache lines
-DSHIFT=6|MMU
-DCONFIG_MMU=1 -DSHIFT=6 -DCONFIG_RISCV=1 -DDT_HAVE_RISCV_CMPXCHG_8=1|-
-DCONFIG_MMU=1 -DSHIFT=6 -DCONFIG_RISCV=1 -DDT_HAVE_RISCV_CMPXCHG_8=0|riscv
'

made_up_refusals()
{
	local macros sentence said status=0

	temp_dir
	mkdir -p "$TEMP_DIR"/{linux,asm}
	cat >"$TEMP_DIR/linux/version.h" <<-'END'
		#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
		#define LINUX_VERSION_CODE KERNEL_VERSION(6, 1, 0)
	END
	echo '#define L1_CACHE_BYTES (1 << SHIFT)' >"$TEMP_DIR/asm/cache.h"
	while IFS='|' read -r macros sentence; do
		[ -n "$macros" ] || continue
		# shellcheck disable=SC2086 # words
		said=$(cpp -nostdinc -I "$TEMP_DIR" -DCONFIG_64BIT=1 $macros \
			"$PROJECT/compat/refuse.h" 2>&1 >/dev/null) || true
		case $sentence in
		-) [ -z "$said" ] ;;
		*) grep -q "#error dualtree needs .*$sentence" <<<"$said" ;;
		esac || {
			echo "with $macros: \"$sentence\" is due, and there is: ${said:-nothing}"
			status=1
		}
	done <<<"$MADE_UP_REFUSALS"
	return "$status"
}

# old_headers DIR: the stock kernel's headers under an older number.
old_headers()
{
	get_kernel stock
	mkdir -p "$1/usr/src"
	cp -aL "$KERNEL_KDIR" "$1/usr/src"
	sed -i 's/LINUX_VERSION_CODE .*/LINUX_VERSION_CODE 330495/' \
		"$1/usr/src/${KERNEL_KDIR##*/}/include/generated/uapi/linux/version.h"
}

check_refusals()
{
	local arch suite meta triplet sentence dir status=0

	use_arch amd64
	made_up_refusals || status=1
	while read -r arch suite meta triplet sentence; do
		[ -n "$arch" ] || continue
		[ "$triplet" = - ] || apt_install "gcc-$triplet"
		dir=$CACHE/headers/$suite-$arch
		mkdir -p "${dir%/*}"
		temp_dir
		lock "headers-$suite-$arch"
		if [ -d "$dir" ] || (get_refused "$arch" "$suite" "$meta" "$dir" </dev/null); then
			unpack_refused "$dir" "$TEMP_DIR"
		elif [ "$suite" = bullseye ]; then
			# The mirror lets a suite go some day.
			log "instead: the headers of the stock kernel, with an older number"
			old_headers "$TEMP_DIR"
		else
			return 1
		fi
		unlock "headers-$suite-$arch"
		refused "$arch" "$TEMP_DIR" "$triplet" "$sentence" </dev/null || status=1
	done <<<"$REFUSALS"
	return "$status"
}
