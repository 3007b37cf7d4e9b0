# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Does curve-growth.awk call growth by its name? To be sourced after common.sh.
#
#   check_growth   of lines made up to a formula, off by 3 % up and down in turn: prints which
#                  were called something else; its status says whether there were any

# FORMULA of n as awk has it|LAST n|what it has to be called
GROWTHS='200|100000|constant
200 + n / 10000|100000|constant
400 + 40 * log(n) / log(2)|100000|logarithmic
50 + 5 * log(n) / log(2)|1000|logarithmic
400 + n / 700|100000|linear
300 + 1.5 * n|100000|linear
5 * n|10000|linear
10 * sqrt(n)|100000|a power, n^0.50
n * n|10000|a power, n^2.00
2000 - 100 * log(n)|100000|falls
n > 1000 ? 5000 : 100|100000|irregular
400 + 40 * log(n) / log(2)|100|3 points: too few to say'

made_up()
{
	awk -v last="$2" 'BEGIN {
		for (n = 10; n <= last; n *= i++ % 2 ? 10 / 3 : 3)
			printf "made up|%s|%.0f|%f\n", "line", n, ('"$1"') * (i % 2 ? 1.03 : 0.97)
	}'
}

check_growth()
{
	local formula last due said status=0

	while IFS='|' read -r formula last due; do
		said=$(made_up "$formula" "$last" | awk -f "$SCRIPTS/lib/curve-growth.awk" | tail -n 1)
		[[ $said == *": $due" || $said == *" $due" ]] || {
			printf '%s up to %s is to be %s:\n%s\n' "$formula" "$last" "$due" "$said"
			status=1
		}
	done <<<"$GROWTHS"
	return "$status"
}
