# SPDX-License-Identifier: GPL-2.0
#
# Says how each line of a curve grows. Reads "CONTENDER|OPERATION|X|COST".
#
# Three fits, each with the least squares of what it is off by in proportion to the cost:
#
#	cost = a + b log2 x        cost = a + b x        log cost = c + e log x
#
# The rule, with "off" the most that a fit is off by at any point:
#
#	constant       the largest cost is at most 1.1 times the least
#	logarithmic    else if the first fit is off by no more than the second, and at most 20 %
#	linear         else if the second is off by at most 20 %
#	power          else if the third is off by at most 20 %
#	irregular      else
#
# A line that falls is said to fall, whichever fits. With less than four points nothing is said.

BEGIN {
	FS = "|"
	CONSTANT = 1.1
	OFF_MOST = 0.2
	LEAST_POINTS = 4
}

{
	line = $1 ", " $2
	if (!(line in points))
		name[++lines] = line
	n = ++points[line]
	x[line, n] = $3
	cost[line, n] = $4
	if (n == 1 || $4 < least[line])
		least[line] = $4
	if (n == 1 || $4 > most[line])
		most[line] = $4
}

function log2(value)
{
	return log(value) / log(2)
}

function of_x(kind, value)
{
	return kind == "log" ? log2(value) : kind == "power" ? log(value) : value
}

# Sets A and B, and OFF.
function fit(line, kind,   i, u, v, w, s, su, sv, suu, suv, value, off)
{
	s = su = sv = suu = suv = 0
	for (i = 1; i <= points[line]; i++) {
		u = of_x(kind, x[line, i])
		v = kind == "power" ? log(cost[line, i]) : cost[line, i]
		w = kind == "power" ? 1 : 1 / (v * v)
		s += w
		su += w * u
		sv += w * v
		suu += w * u * u
		suv += w * u * v
	}
	B = (s * suv - su * sv) / (s * suu - su * su)
	A = (sv - B * su) / s
	OFF = 0
	for (i = 1; i <= points[line]; i++) {
		value = A + B * of_x(kind, x[line, i])
		if (kind == "power")
			value = exp(value)
		off = value / cost[line, i] - 1
		if (off < 0)
			off = -off
		if (off > OFF)
			OFF = off
	}
}

function percent(part)
{
	return sprintf("%.0f %%", part * 100)
}

function say(line,   log_a, log_b, log_off, a, b, off, e, power_off, best)
{
	if (points[line] < LEAST_POINTS || least[line] <= 0)
		return points[line] " points: too few to say"
	if (most[line] <= least[line] * CONSTANT)
		return sprintf("%.0f to %.0f: constant", least[line], most[line])
	fit(line, "log")
	log_a = A
	log_b = B
	log_off = OFF
	fit(line, "linear")
	a = A
	b = B
	off = OFF
	fit(line, "power")
	e = B
	power_off = OFF
	power = sprintf("n^%.2f is off by %s", e, percent(power_off))
	if (log_off <= off && log_off <= OFF_MOST)
		return sprintf("%.0f %s %.1f log2(n), off by %s at most; %s: %s", log_a,
			log_b < 0 ? "-" : "+", log_b < 0 ? -log_b : log_b, percent(log_off), power,
			log_b < 0 ? "falls" : "logarithmic")
	if (off <= OFF_MOST)
		return sprintf("%.0f %s %.3g n, off by %s at most; %s: %s", a, b < 0 ? "-" : "+",
			b < 0 ? -b : b, percent(off), power, b < 0 ? "falls" : "linear")
	best = sprintf("log2(n) is off by %s, n by %s, %s", percent(log_off), percent(off), power)
	if (power_off <= OFF_MOST)
		return best ": " (e < 0 ? "falls" : sprintf("a power, n^%.2f", e))
	return sprintf("%.0f to %.0f; %s: irregular", least[line], most[line], best)
}

END {
	print "growth, by the best fit:"
	for (i = 1; i <= lines; i++)
		printf "  %-40s n = %-12s %s\n", name[i],
			x[name[i], 1] ".." x[name[i], points[name[i]]], say(name[i])
}
