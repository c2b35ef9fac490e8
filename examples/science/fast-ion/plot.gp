# Diffusion of silver by temperature, and radial distribution functions: learned potential and reference.
set terminal pngcairo size 900, 400 font ',11'
set output 'fast-ion.png'
set multiplot layout 1, 2
set xlabel '1000 K / T'
set ylabel 'D of silver (A^2/ps)'
set logscale y
set xrange [1.15:2.1]
plot 'reference.diffusion' using (1000 / $1):2:3 with yerrorlines lw 3 lc rgb '#bbbbbb' pt 7 title 'reference', \
     'learned.diffusion' using (1000 / $1):2:3 with yerrorlines lc rgb '#4477aa' pt 6 title 'learned'
unset logscale
set xlabel 'r (A)'
set ylabel 'g(r), 800 K'
set xrange [2:7]
set yrange [0:*]
plot 'reference.800.1.rdf' using 2:3 with lines lw 4 lc rgb '#bbbbbb' title 'reference', \
     '' using 2:5 with lines lw 4 lc rgb '#bbbbbb' notitle, '' using 2:7 with lines lw 4 lc rgb '#bbbbbb' notitle, \
     'learned.800.1.rdf' using 2:3 with lines lc rgb '#4477aa' title 'Ag-Ag', \
     '' using 2:5 with lines lc rgb '#aa3333' title 'Ag-I', '' using 2:7 with lines lc rgb '#117733' title 'I-I'
