# Cost against error: potentials of this run, and the published ones, in the same LAMMPS on one core.
set terminal pngcairo size 1000, 420 font ',11'
set output 'zuo.png'
set multiplot layout 1, 2
set logscale xy
set xlabel 'us an atom and step'
set ylabel 'MAE of force components (eV/A)'
set key bottom left
do for [element in 'Li Si'] {
  set title element
  levels = sprintf("< grep -v '[a-z]' %s.front", element)
  others = sprintf("< grep '[a-z]' %s.front", element)
  plot levels using 2:3:1 with linespoints pt 7 title 'mtp train, defaults, by level', \
       levels using 2:3:1 with labels offset 1.5, 0.5 notitle, \
       others using 2:3:1 with points pt 5 ps 1.2 title 'published', \
       others using 2:3:1 with labels offset 0, 1 noenhanced notitle
}
