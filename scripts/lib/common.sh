# SPDX-License-Identifier: GPL-2.0
#
# What every script here uses: messages, the cache, locks, and commands that
# take long. To be sourced with the names of the other files of lib/ that a script
# uses, at least one, as arguments: they are sourced in that order.
#
# Promises: stdout belongs to the caller, messages go to stderr. What was
# started through run_long() or own_child() and what was made by temp_dir() is
# gone when the script ends, however it ends. Only pids that we started are ever
# signalled.

SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PROJECT=$(dirname "$SCRIPTS")
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/dualtree
export LC_ALL=C

OWN_CHILDREN=()
OWN_DIRS=()

log()
{
	printf '%s\n' "$*" >&2
}

die()
{
	printf '%s: error: %s\n' "${0##*/}" "$*" >&2
	exit 2
}

# The comment at the head of a script is its manual: --help prints it.
usage_from_header()
{
	awk 'NR <= 3 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$1"
}

# A script whose manual says more has a function of its own.
usage()
{
	usage_from_header "$0"
}

# need_number OPTION VALUE WHAT: that is N, a number above 0, or NUMBER, which may be 0.
need_number()
{
	case $2 in '' | *[!0-9]* | 0?*) die "$1 $2: not a number" ;; esac
	[ "$3" = NUMBER ] || [ "$2" != 0 ] || die "$1 $2: not a number above 0"
}

# read_options ARGUMENT...: what a script was called with. OPTIONS has a line for each option:
#
#   --name           sets name to "yes", with "_" for "-"
#   --name N         a number above 0 into name; with NUMBER for N it may be 0
#   --name VALUE     anything into name
#   --name VALUE x   into x instead; x[] is an array that it is added to, x() a function
#   --name - x[]     the option itself is added to the array x
#   ...              after the first argument, an option that has no line is an argument too
#
# What is no option goes into ARGUMENTS[], which takes at most MAX_ARGUMENTS, default 0.
read_options()
{
	local what into

	ARGUMENTS=()
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help)
			usage
			exit 0
			;;
		-*)
			read -r what into < <(awk -v name="$1" '$1 == name { print $2 ? $2 : "yes", $3 }' \
				<<<"${OPTIONS-}") || what=...
			: "${into:=$(tr - _ <<<"${1#--}")}"
			case $what in
			...)
				{ [ ${#ARGUMENTS[@]} -gt 0 ] && grep -qxF ... <<<"${OPTIONS-}"; } ||
					die "unknown option $1 (see --help)"
				ARGUMENTS+=("$1")
				;;
			yes) set_option "$into" yes ;;
			-) set_option "$into" "$1" ;;
			*)
				[ $# -ge 2 ] || die "option $1 needs a value (see --help)"
				case $what in N | NUMBER) need_number "$1" "$2" "$what" ;; esac
				set_option "$into" "$2"
				shift
				;;
			esac
			;;
		*)
			[ ${#ARGUMENTS[@]} -lt "${MAX_ARGUMENTS-0}" ] || die "unknown argument $1 (see --help)"
			ARGUMENTS+=("$1")
			;;
		esac
		shift
	done
}

set_option()
{
	case $1 in
	*'()') "${1%'()'}" "$2" ;;
	*'[]')
		local -n array=${1%'[]'}
		array+=("$2")
		;;
	*) printf -v "$1" %s "$2" ;;
	esac
}

# use_log_dir NAME: log_dir, as --log has set it, is made and becomes an absolute path; without
# --log it is one in the cache, which each run empties.
use_log_dir()
{
	if [ -z "$log_dir" ]; then
		log_dir=$CACHE/log/$(basename "$PROJECT")-$1
		rm -rf "$log_dir"
	fi
	mkdir -p "$log_dir"
	log_dir=$(cd "$log_dir" && pwd)
}

# as_root COMMAND...: a program, not a function.
as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "this step needs root, and sudo is not installed: $*"
	fi
}

own_child()
{
	OWN_CHILDREN[$1]=$1
}

disown_child()
{
	unset "OWN_CHILDREN[$1]"
}

temp_dir()
{
	local dir

	dir=$(mktemp -d "${TMPDIR:-/tmp}/dualtree.XXXXXX")
	OWN_DIRS+=("$dir")
	TEMP_DIR=$dir
}

# Children are leaders of their own process group: a compiler that make started
# goes with it.
clean_up()
{
	local status=$? pid dir

	trap - EXIT
	for pid in "${OWN_CHILDREN[@]}"; do
		kill -TERM -- "-$pid" 2>/dev/null || true
	done
	for dir in "${OWN_DIRS[@]}"; do
		rm -rf -- "$dir"
	done
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

duration()
{
	local s=$1

	if [ "$s" -lt 60 ]; then
		echo "${s}s"
	else
		printf '%dm%02ds\n' $((s / 60)) $((s % 60))
	fi
}

# On a terminal the line is rewritten, in a log it is repeated now and then.
progress()
{
	if [ -t 2 ]; then
		printf '\r\033[K%s' "$*" >&2
	else
		printf '%s\n' "$*" >&2
	fi
}

progress_done()
{
	[ ! -t 2 ] || printf '\r\033[K' >&2
}

# run_long LABEL LOG COUNTER COMMAND...: runs COMMAND with its output in LOG;
# from ten seconds on says how long it has been and what COUNTER (a command
# that prints a few words, or "") makes of the log. Returns COMMAND's status.
run_long()
{
	local label=$1 logfile=$2 counter=$3 start=$SECONDS next=10 every=30 pid status=0 words

	shift 3
	[ ! -t 2 ] || every=1
	setsid "$@" >"$logfile" 2>&1 </dev/null &
	pid=$!
	own_child "$pid"
	while kill -0 "$pid" 2>/dev/null; do
		if [ $((SECONDS - start)) -ge "$next" ]; then
			words=
			[ -z "$counter" ] || words="$("$counter" "$logfile"), "
			progress "$label: $words$(duration $((SECONDS - start)))"
			next=$((SECONDS - start + every))
		fi
		sleep 0.2
	done
	wait "$pid" || status=$?
	disown_child "$pid"
	progress_done
	return "$status"
}

# show_log FILE LINES: the end of a log, set off from our own lines.
show_log()
{
	tail -n "$2" "$1" | sed 's/^/    | /' >&2
}

# run_or_die TEXT LABEL LOG COUNTER COMMAND...: run_long, and if COMMAND fails the end of the log and
# TEXT, with which the script ends.
run_or_die()
{
	local text=$1

	shift
	run_long "$@" || {
		show_log "$2" 15
		die "$text"
	}
}

# lock NAME: one run at a time may make NAME. unlock NAME when it is made.
declare -A LOCK_FDS=()
lock()
{
	local fd

	mkdir -p "$CACHE/locks"
	exec {fd}>"$CACHE/locks/$1"
	if ! flock -n "$fd"; then
		log "waiting for another run that is making $1"
		flock "$fd"
	fi
	LOCK_FDS[$1]=$fd
}

unlock()
{
	local fd=${LOCK_FDS[$1]}

	exec {fd}>&-
	unset "LOCK_FDS[$1]"
}

# What a run took is what the next one can be told to take. measured NAME DEFAULT: what was
# remembered of NAME, or DEFAULT. remember_measured NAME NUMBER.
measured()
{
	cat "$CACHE/measured/$1" 2>/dev/null || echo "$2"
}

remember_measured()
{
	mkdir -p "$CACHE/measured"
	echo "$2" >"$CACHE/measured/$1.$$"
	mv "$CACHE/measured/$1.$$" "$CACHE/measured/$1"
}

# guest_says COMMAND ARGUMENT...: what guests said, judged by lib/dualtree_guest; see its files.
guest_says()
{
	PYTHONPATH=$SCRIPTS/lib python3 -B -m dualtree_guest "$@"
}

# A short name for what is read from stdin.
short_hash()
{
	sha256sum | cut -c1-12
}

for part; do
	# shellcheck source=/dev/null
	. "$SCRIPTS/lib/$part.sh"
done
