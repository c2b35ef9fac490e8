# Minima: what the learned potential says, and the reference.
set terminal pngcairo size 640, 440 font ',11'
set output 'rss.png'
set xlabel 'volume (A^3/atom)'
set ylabel 'energy (eV/atom)'
set key bottom right
plot 'all' using 3:2 with points pt 6 ps 1.4 title 'relaxed with the learned potential', \
     'all' using 8:7 with points pt 2 title 'by the reference, from there'
