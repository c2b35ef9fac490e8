# Radial distribution functions of the melt, of both potentials and of the reference.
set terminal pngcairo size 900,420 font "sans,11"
set output "nacl.png"
set grid
set xlabel "r (A)"
set ylabel "g(r)"
set xrange [1.5:8]
set multiplot layout 1,2 margins 0.07,0.98,0.13,0.93 spacing 0.08
set title "Na-Cl"
plot "rdf.reference" every ::2 using 2:5 with lines lw 4 lc rgb "#cccccc" title "reference", \
     "rdf.charges" every ::2 using 2:5 with lines lc rgb "#4477aa" title "on top of charges", \
     "rdf.whole" every ::2 using 2:5 with lines lc rgb "#ee6677" title "without", \
     "rdf.charges_cut" every ::2 using 2:5 with lines dt 2 lc rgb "#228833" title "on top of charges, cut-outs", \
     "rdf.whole_cut" every ::2 using 2:5 with lines dt 2 lc rgb "#aa3377" title "without, cut-outs"
set title "Cl-Cl"
plot "rdf.reference" every ::2 using 2:7 with lines lw 4 lc rgb "#cccccc" title "reference", \
     "rdf.charges" every ::2 using 2:7 with lines lc rgb "#4477aa" title "on top of charges", \
     "rdf.whole" every ::2 using 2:7 with lines lc rgb "#ee6677" title "without", \
     "rdf.charges_cut" every ::2 using 2:7 with lines dt 2 lc rgb "#228833" title "on top of charges, cut-outs", \
     "rdf.whole_cut" every ::2 using 2:7 with lines dt 2 lc rgb "#aa3377" title "without, cut-outs"
