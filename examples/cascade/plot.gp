# Atoms that have left their place, and the temperature, against time.
set terminal pngcairo size 900,420 font "sans,11"
set output "cascade.png"
set grid
set xlabel "time (ps)"
set multiplot layout 1,2 margins 0.07,0.98,0.13,0.95 spacing 0.09
set ylabel "atoms beyond 1.6 A of their place"
set yrange [0:*]
plot "reference.dat" using 1:2 with lines lw 4 lc rgb "#cccccc" title "reference", \
     "frozen.dat" using 1:2 with lines lc rgb "#4477aa" title "learned, on top of zbl"
set ylabel "hottest atom (eV)"
set logscale xy
set xrange [1e-4:*]
set yrange [0.5:*]
plot "reference.dat" using 1:4 with lines lw 4 lc rgb "#cccccc" title "reference", \
     "frozen.dat" using 1:4 with lines lc rgb "#4477aa" title "learned, on top of zbl"
