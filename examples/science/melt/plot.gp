# Radial distribution functions of the liquid, of the learned potential and of the reference.
set terminal pngcairo size 640, 400 font ',11'
set output 'melt.png'
set xlabel 'r (A)'
set ylabel 'g(r)'
set xrange [1.5:6]
plot 'reference.rdf' using 2:3 with lines lw 4 lc rgb '#cccccc' title 'reference', \
     'learned.rdf' using 2:3 with lines lc rgb '#4477aa' title 'learned'
