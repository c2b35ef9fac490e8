# Errors of forces by the way of selection, and Na-Cl and Cl-Cl of the melt.
set terminal pngcairo size 900, 400 font ',11'
set output 'nacl.png'
set multiplot layout 1, 2
set style data histograms
set style fill solid 0.7
set logscale y
set ylabel 'force error (eV/A)'
set xtics rotate by -30
set key top right
plot 'errors' using 3:xtic(1) lc rgb '#4477aa' title 'RMSE, 8', '' using 4 lc rgb '#ee6677' title 'largest, 8', \
     '' using 6 lc rgb '#66ccee' title 'RMSE, 24', '' using 7 lc rgb '#ccbb44' title 'largest, 24'
unset style
set style data lines
set key bottom right
set xtics norotate
set xlabel 'r (A)'
set ylabel 'g(r) of Na-Na'
set xrange [1:6]
set yrange [1e-4:10]
plot 'reference.rdf' using 2:3 lw 4 lc rgb '#cccccc' title 'reference', \
     for [method in 'random energy force site-energy maxvol bayes'] method.'.8.safe.rdf' using 2:3 title method.', 8'
