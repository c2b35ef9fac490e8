# Labels against atoms that have landed.
if (!exists("levels")) levels = "8 12 16"
set terminal pngcairo size 900,560 font "sans,11"
set output "cu-deposition.png"
set grid
set key outside bottom center maxrows 2
set xrange [0:*]
set yrange [0:*]
set xlabel "atoms that have landed"
set ylabel "labels"
array colour[3] = ["#4477aa", "#228833", "#ee6677"]
plot for [k = 1:words(levels)] sprintf("history-cells-%s.dat", word(levels, k)) using 2:4 with steps lw 2 \
       lc rgb colour[1 + (k - 1) % 3] title sprintf("level %s, cut-outs", word(levels, k)), \
     for [k = 1:words(levels)] sprintf("history-whole-%s.dat", word(levels, k)) using 2:4 with steps lw 2 dt 3 \
       lc rgb colour[1 + (k - 1) % 3] title sprintf("level %s, whole cells", word(levels, k))
