# SPDX-License-Identifier: GPL-2.0
#
# Memory of guests that share over time.  scripts/bench --plot sets the output, the heading, up
# to where the axis goes, and data, a file with two blocks of lines 'MS KIB': of Keel, and of KVM.

set terminal svg size 800,400 font "sans-serif,13" background "white"
set title heading
set xlabel "seconds of the emulated machine, since the first of them was made"
set ylabel "memory used, MiB"
set yrange [0:highest]
set grid ytics lc rgb "#dddddd"
set key right top
set border 3
set tics nomirror
plot data index 0 using ($1 / 1000):($2 / 1024) with lines lw 2 lc rgb "#1f5fa8" title "Keel", \
     data index 1 using ($1 / 1000):($2 / 1024) with lines lw 2 lc rgb "#c0392b" title "KVM and KSM"
