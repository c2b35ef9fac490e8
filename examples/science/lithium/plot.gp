# Errors by the number of functions, beside the published ones; errors away from the temperature that was learned, beside
# what the potential expects them to be.
set terminal pngcairo size 900, 400 font ',11'
set output 'lithium.png'
set multiplot layout 1, 2
set logscale xy
set xlabel 'functions'
set ylabel 'force RMSE (eV/A)'
$published << END
10 0.023
1000 0.015
END
plot 'levels' using 1:3 with linespoints pt 7 title 'ours', $published using 1:2 with points pt 5 title 'published (another reference)'
set xlabel 'force RMSE (eV/A)'
set ylabel 'error to expect, without labels (eV/A)'
set key top left
plot 'transfers' using 3:4 with points pt 7 title 'learned and used at 300, 450, 900 K', x with lines dt 2 lc rgb '#999999' notitle
