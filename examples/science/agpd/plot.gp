# Phonons of silver, palladium and the ordered alloy, and enthalpies of mixing: learned potential and reference.
set terminal pngcairo size 840, 600 font ',10'
set output 'agpd.png'
set multiplot layout 2, 2
set yrange [0:*]
set ylabel 'frequency (THz)'
grey = '#bbbbbb'
blue = '#4477aa'
bands(c) = sprintf('reference.%s.bands', c)
learned(c) = sprintf('learned.%s.bands', c)
# where the corners of the path are: every 40th point
do for [c in 'Ag Pd AgPd'] {
  set xrange [0:1]
  stats bands(c) using 1 every 40 nooutput
  legs = int(STATS_records) - 1
  array corner[5]
  do for [k = 1:legs + 1] {
    stats bands(c) using 1 every ::(40 * (k - 1))::(40 * (k - 1)) nooutput
    corner[k] = STATS_min
  }
  unset arrow
  do for [k = 2:legs] { set arrow from corner[k], graph 0 to corner[k], graph 1 nohead lc rgb '#999999' lw 0.5 }
  if (c eq 'AgPd') {
    set xtics ('X' corner[1], 'Γ' corner[2], 'L' corner[3], 'Γ' corner[4], 'T' corner[5])
    set title 'AgPd (L1_1)'
    last = 7
  } else {
    set xtics ('Γ' corner[1], 'X' corner[2], 'K' corner[3], 'Γ' corner[4], 'L' corner[5])
    set title sprintf('%s', c)
    last = 4
  }
  set key bottom center
  plot for [k = 2:last] bands(c) using 1:k with lines lw 4 lc rgb grey title (k == 2 ? 'reference' : ''), \
       for [k = 2:last] learned(c) using 1:k with lines lc rgb blue title (k == 2 ? 'learned' : '')
}
unset arrow
set title 'Monte Carlo, 800 K'
set xtics auto
set autoscale
set xrange [0:1]
set xlabel 'part of palladium'
set ylabel 'enthalpy of mixing (meV/atom)'
set key top center
plot 'reference.800.mix' using 1:2:3 with yerrorlines lw 3 lc rgb grey pt 7 title 'reference', \
     'learned.800.mix' using 1:2:3 with yerrorlines lc rgb blue pt 6 title 'learned'
