# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Plots, drawn by gnuplot. To be sourced after common.sh and apt.sh.
#
#   plot FILE TITLE   draws to FILE, as SVG, what the gnuplot commands on stdin say
#
# All look alike: size, font and the first eight colours are set here, which readers who see
# colours otherwise tell apart too (Okabe and Ito's).

plot_style()
{
	local i=0 colour

	echo "set terminal svg noenhanced size 820,520 dynamic font 'sans-serif,13' background rgb 'white'"
	for colour in 0072b2 d55e00 009e73 cc79a7 e69f00 56b4e9 000000 f0e442; do
		i=$((i + 1))
		echo "set linetype $i linewidth 2 pointtype $i pointsize 0.6 linecolor rgb '#$colour'"
	done
	echo "set grid linecolor rgb '#d8d8d8' linewidth 1"
	echo "set key outside bottom center horizontal"
}

plot()
{
	local commands

	apt_install gnuplot-nox
	commands=$(
		plot_style
		printf 'set output "%s"\nset title "%s"\n' "$1" "$2"
		cat
	)
	gnuplot <<<"$commands" || die "gnuplot could not draw $1"
	[ -s "$1" ] || die "gnuplot drew nothing into $1"
}
