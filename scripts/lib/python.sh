# SPDX-License-Identifier: GPL-2.0
#
# What handles data is Python: lib/dualtree_report. To be sourced after common.sh and apt.sh.
#
#   dualtree_report COMMAND ARGUMENT...   runs a command of it (dualtree_report --help lists them)
#   python_tests [TEST...]                runs its unit tests, in tests/
#   python_check FILE...                  whether each compiles, and pyflakes finds nothing
#
# Promises: nothing is written into the project's tree. What tests print is shown if they fail.

dualtree_report()
{
	PYTHONPATH=$SCRIPTS/lib python3 -B -m dualtree_report "$@"
}

python_tests()
{
	local said

	[ $# -gt 0 ] || set -- discover -t "$SCRIPTS" -s "$SCRIPTS/tests"
	said=$(cd "$SCRIPTS" && PYTHONPATH=$SCRIPTS/lib python3 -B -m unittest "$@" 2>&1) || {
		echo "$said"
		return 1
	}
	! grep -qx 'Ran 0 tests in .*' <<<"$said" || {
		echo "no test ran"
		return 1
	}
}

python_check()
{
	local status=0

	temp_dir
	PYTHONPYCACHEPREFIX=$TEMP_DIR python3 -W error -m py_compile "$@" 2>&1 || status=1
	apt_install pyflakes3
	pyflakes3 "$@" || status=1
	return "$status"
}
