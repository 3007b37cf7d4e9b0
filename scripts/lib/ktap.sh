# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# From a console log to one report of all suites. To be sourced.
#
#   extract_ktap CONSOLE     the suites' KTAP lines, as one document
#   tests_of_suite FILE NAME how many tests the module NAME ran
#
# Promises: what kunit.py reads is what the kernel printed between the guest's notes,
# with the time stamps off and the suites numbered in one row. A suite that broke off
# stays broken off: kunit.py sees it and says so.

# A suite that insmod runs prints its KTAP indented, as if a document were around it,
# but prints no such document; and a module that was loaded anew starts at number 1.
extract_ktap()
{
	awk '
	{
		sub(/\r+$/, "")
		sub(/^\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? ?/, "")
	}
	/^dualtree-harness: suite .* begins$/ { inside = 1; next }
	/^dualtree-harness: suite .* ends$/ { inside = 0; next }
	!inside { next }
	/^    # Subtest: / { suites++ }
	/^(not )?ok [0-9]+ / { sub(/ok [0-9]+ /, "ok " ++results " ") }
	{ lines[++count] = $0 }
	END {
		print "KTAP version 1"
		print "1.." suites + 0
		for (i = 1; i <= count; i++)
			print lines[i]
	}' "$1"
}

# A test counts when it has a result; a skipped one did not run.
tests_of_suite()
{
	awk -v name="$2" '
	{ sub(/\r+$/, ""); sub(/^\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? ?/, "") }
	$0 == "dualtree-harness: suite " name " begins" { inside = 1; next }
	$0 == "dualtree-harness: suite " name " ends" { inside = 0 }
	inside && /^    (not )?ok [0-9]+ / && !/# SKIP/ { tests++ }
	END { print tests + 0 }' "$1"
}
