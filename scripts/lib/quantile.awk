# SPDX-License-Identifier: GPL-2.0
#
# To stand in front of programs that want medians and quartiles.

# Of values[1..n], which it sorts: the one nearest to that part.
function quantile(values, n, part,   i, j, value)
{
	for (i = 2; i <= n; i++) {
		value = values[i]
		for (j = i - 1; j >= 1 && values[j] > value; j--)
			values[j + 1] = values[j]
		values[j + 1] = value
	}
	return values[int(part * (n - 1) + 1.5)]
}
