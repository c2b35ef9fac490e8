# An island of palladium sinks into silver: mean of all runs, and the slab at the end of one.
set terminal pngcairo size 900, 400 font ',11'
set output 'palladium.png'
set multiplot layout 1, 2
set xlabel 'time (ps)'
set ylabel 'atoms'
set key center right
set yrange [0:19]
plot 'reference.course' using 1:2 with lines lw 4 lc rgb '#bbbbbb' title 'Pd on the surface, reference', \
     'learned.course' using 1:2 with lines lc rgb '#4477aa' title 'learned', \
     'reference.course' using 1:3 with lines lw 4 lc rgb '#eebbbb' title 'Pd in the surface, reference', \
     'learned.course' using 1:3 with lines lc rgb '#aa3333' title 'learned'
