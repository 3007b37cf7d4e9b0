# SPDX-License-Identifier: GPL-2.0
#
# What Debian's kernel makes of modules without a signature, with one, and with a wrong one. To
# be sourced after package.sh.
#
# Promises: what secure-boot.rst says is what a guest has reported, word for word. The module is
# as dkms has built and signed it from the package, the key that is enrolled is the one that
# dkms has made for that, and no other key is made but for a module that must be refused.

# sign_as_stranger FILE OUT
sign_as_stranger()
{
	local key=$2.key

	openssl req -new -x509 -nodes -days 7 -subj "/CN=another key/" -newkey rsa:2048 \
		-keyout "$key" -outform DER -out "$key.der" 2>/dev/null
	"$KERNEL_KDIR/scripts/sign-file" sha256 "$key" "$key.der" "$1" "$2"
}

# secure_boot_modules DIR: puts unsigned, signed, altered and foreign there, which are not
# called .ko, for scripts/vm would strip them.
secure_boot_modules()
{
	cp "$PACKAGE_OUT/dualtree.ko" "$1/signed"
	# Takes away what is not ELF, too.
	objcopy --strip-debug "$1/signed" "$1/unsigned"
	sign_as_stranger "$1/unsigned" "$1/foreign"
	python3 -c '
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[2], "wb").write(data)' "$1/signed" "$1/altered"
}

# secure_boot_guest NAME DIR VM-ARGUMENT...: the page's block NAME is what the guest reports.
secure_boot_guest()
{
	local name=$1 dir=$2 log

	shift 2
	log=$CACHE/log/$(basename "$PROJECT")-$name
	guest_files "$dir"/{unsigned,signed,altered,foreign}
	guest_run secure-boot.sh "$log" --quiet --cpus 2 "${GUEST_FILES[@]}" "$@" || return 1
	diff --label secure-boot.rst --label guest -u "$dir/$name" "$log/report.txt"
}

check_secure_boot()
{
	local dir status=0

	package_modules || return 1
	temp_dir
	dir=$TEMP_DIR
	secure_boot_modules "$dir"
	python3 "$SCRIPTS/lib/page-files.py" "$PROJECT/Documentation/secure-boot.rst" "$dir"
	secure_boot_guest secure-boot "$dir" --secure-boot "$PACKAGE_OUT/mok.pub" || status=1
	secure_boot_guest sig-enforce "$dir" --append module.sig_enforce=1 || status=1
	return "$status"
}
