# An island of palladium sinks into silver: means of all runs of the reference and of the learned potential.
set terminal pngcairo size 900, 360 font ',11'
set output 'palladium.png'
set multiplot layout 1, 2
set xlabel 'time (ps)'
set key top left
set yrange [0:4]
set ylabel 'Pd in the surface, of 18'
plot 'reference.course' using 1:3 with lines lw 4 lc rgb '#bbbbbb' title 'reference', \
     'learned.course' using 1:3 with lines lw 2 lc rgb '#4477aa' title 'learned'
set ylabel 'Ag that has come up'
plot 'reference.course' using 1:4 with lines lw 4 lc rgb '#bbbbbb' title 'reference', \
     'learned.course' using 1:4 with lines lw 2 lc rgb '#4477aa' title 'learned'
