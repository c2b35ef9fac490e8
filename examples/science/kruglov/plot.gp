# Errors against the number of labels, by the way of selection: two starts each, and the potential of all.
set terminal pngcairo size 900, 400 font ',11'
set output 'kruglov.png'
set multiplot layout 1, 2
set logscale xy
set xlabel 'labels'
set xrange [18:1500]
set ylabel 'energy RMSE (eV/atom)'
plot for [k = 1:2] 'random.'.k.'.course' using 1:2 with linespoints lc rgb '#999999' pt 4 title (k == 1 ? 'by lot' : ''), \
     for [k = 1:2] 'range.'.k.'.course' using 1:2 with linespoints lc rgb '#cc6677' pt 6 title (k == 1 ? 'range' : ''), \
     for [k = 1:2] 'maxvol.'.k.'.course' using 1:2 with linespoints lc rgb '#4477aa' pt 8 title (k == 1 ? 'maxvol' : ''), \
     'all.course' using 1:2 with points lc rgb 'black' pt 7 title 'all'
set ylabel 'largest error of an energy (eV/atom)'
plot for [k = 1:2] 'random.'.k.'.course' using 1:3 with linespoints lc rgb '#999999' pt 4 title (k == 1 ? 'by lot' : ''), \
     for [k = 1:2] 'range.'.k.'.course' using 1:3 with linespoints lc rgb '#cc6677' pt 6 title (k == 1 ? 'range' : ''), \
     for [k = 1:2] 'maxvol.'.k.'.course' using 1:3 with linespoints lc rgb '#4477aa' pt 8 title (k == 1 ? 'maxvol' : ''), \
     'all.course' using 1:3 with points lc rgb 'black' pt 7 title 'all'
