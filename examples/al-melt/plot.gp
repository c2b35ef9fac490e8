# Grade, labels and temperature against the step.
set terminal pngcairo size 900,700 font "sans,11"
set output "al-melt.png"
set multiplot layout 3,1 margins 0.09,0.91,0.08,0.98 spacing 0.03
set grid
set xrange [0:*]
set format x ""
set ylabel "grade"
set logscale y
set yrange [0.3:30]
plot "history.dat" using 1:3 with lines lc rgb "#4477aa" notitle, 2 with lines lc rgb "#ccbb44" dt 2 title "select", \
     10 with lines lc rgb "#ee6677" dt 2 title "break"
unset logscale y
set yrange [0:*]
set ylabel "labels"
plot "history.dat" using 1:4 with steps lw 2 lc rgb "#228833" notitle
set format x "%g"
set xlabel "step"
set yrange [0:2000]
set ylabel "temperature (K)"
set y2label "density (g/cm³)"
set y2range [2.1:2.7]
set key center right
set y2tics
set ytics nomirror
plot "history.dat" using 1:2 with lines lc rgb "#ee6677" title "temperature", \
     "history.dat" using 1:5 axes x1y2 with lines lc rgb "#66ccee" title "density"
