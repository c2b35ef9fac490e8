# Grade, labels and temperature against the step.
set terminal pngcairo size 900,700 font "sans,11"
set output "al-dft.png"
set multiplot layout 3,1 margins 0.09,0.97,0.08,0.98 spacing 0.03
set grid
set xrange [0:*]
set format x ""
set ylabel "grade"
set logscale y
set yrange [0.3:60]
plot "history.dat" using 1:3 with lines lc rgb "#4477aa" notitle, 4 with lines lc rgb "#ccbb44" dt 2 title "select", \
     20 with lines lc rgb "#ee6677" dt 2 title "break"
unset logscale y
set yrange [0:*]
set ylabel "DFT labels"
plot "history.dat" using 1:4 with steps lw 2 lc rgb "#228833" notitle
set format x "%g"
set xlabel "step"
set ylabel "temperature (K)"
plot "history.dat" using 1:2 with lines lc rgb "#ee6677" notitle
