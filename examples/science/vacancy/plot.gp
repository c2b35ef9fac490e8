# The band of a jump and the diffusion coefficient of the vacancy, of the learned potential and of the reference.
set terminal pngcairo size 900, 400 font ',11'
set output 'vacancy.png'
set multiplot layout 1, 2
set xlabel 'reaction coordinate'
set ylabel 'energy (eV)'
set yrange [0:*]
set key bottom center
plot 'reference.band' with linespoints lw 3 lc rgb '#bbbbbb' pt 7 title 'reference', \
     'learned.band' with linespoints lc rgb '#4477aa' pt 6 title 'learned'
set xlabel '1000 K / T'
set ylabel 'D of the vacancy (A^2/ns)'
set logscale y
set autoscale y
set key top right
plot 'reference.diffusion' using (1000 / $1):2:3 with yerrorbars lw 3 lc rgb '#bbbbbb' pt 7 title 'reference', \
     'learned.diffusion' using (1000 / $1):2:3 with yerrorbars lc rgb '#4477aa' pt 6 title 'learned'
