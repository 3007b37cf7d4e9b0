# SPDX-License-Identifier: GPL-2.0
#
# Draws what a stream took over time, as SVG: reads lines "SECOND LIVE HELD KEPT FLYING FOOTPRINT",
# in bytes.

{
	n++
	at[n] = $1
	for (line = 1; line <= 5; line++) {
		value[line, n] = $(line + 1) / 1048576
		if (value[line, n] > top)
			top = value[line, n]
	}
}

function x(seconds) { return left + seconds * width / end }
function y(mib) { return above + height - mib * height / top }

function text(px, py, anchor, what)
{
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", px, py, anchor, what
}

# A step of 1, 2 or 5 times a power of ten, so that there are not more than ten.
function step_of(most,    step)
{
	for (step = 0.01; most / step > 10; step *= 10) {
		if (most / (step * 2) <= 10)
			return step * 2
		if (most / (step * 5) <= 10)
			return step * 5
	}
	return step
}

function grid(    step, at_line)
{
	step = step_of(top)
	for (at_line = 0; at_line <= top; at_line += step) {
		printf "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#ddd\"/>\n", left, y(at_line), left + width
		text(left - 6, y(at_line) + 4, "end", sprintf("%g", at_line))
	}
	step = step_of(end)
	for (at_line = 0; at_line <= end; at_line += step) {
		printf "<path d=\"M%.1f %.1fV%.1f\" stroke=\"#eee\"/>\n", x(at_line), above, above + height
		text(x(at_line), above + height + 16, "middle", sprintf("%g", at_line))
	}
}

function draw(line, colour, name,    i)
{
	printf "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\" d=\"", colour
	for (i = 1; i <= n; i++)
		printf "%s%.1f %.1f", i == 1 ? "M" : "L", x(at[i]), y(value[line, i])
	print "\"/>"
	printf "<path d=\"M%d %dh20\" stroke=\"%s\" stroke-width=\"3\"/>\n", left + 10 + (line - 1) * 130,
		above - 14, colour
	text(left + 36 + (line - 1) * 130, above - 10, "start", name)
}

END {
	left = 60
	above = 50
	width = 760
	height = 360
	end = n && at[n] > 1 ? at[n] : 1
	top = top > 0 ? top * 1.05 : 1
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" ", left + width + 30,
		above + height + 50
	print "font-family=\"sans-serif\" font-size=\"12\">"
	print "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
	grid()
	draw(1, "#1b6ca8", "live")
	draw(2, "#d1495b", "held")
	draw(3, "#3c9d5d", "kept in the rings")
	draw(4, "#e0a030", "in flight")
	draw(5, "#777", "pools' footprint")
	text(left + width / 2, above + height + 38, "middle", "seconds of the stream")
	text(left - 6, above - 10, "end", "MiB")
	print "</svg>"
}
