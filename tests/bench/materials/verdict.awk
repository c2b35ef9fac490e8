# SPDX-License-Identifier: GPL-2.0-or-later
# Reads what squeeze.awk wrote with two energies added: frame, pair, distance, share, reference, potential. A scan is bad
# if the potential falls where the reference rises, before the potential is 10 eV up.
# Prints members of a JSON object: scans, bad ones, pair and distance where the deepest fall begins, and how many times as
# high as the reference's the wall is where that is 3 eV up (mean). `detail` gets a line for each scan.
function finish() {
  if (!started) return
  scans++
  if (hole != "") { bad++; if (worst == "" || depth > worst_depth) { worst = pair " " hole; worst_depth = depth } }
  print text (hole != "" ? "   HOLE at " hole : "") > detail
}
$1 " " $2 != key {
  finish()
  started = 1; key = $1 " " $2; pair = $2; hole = ""; depth = 0; over = 0
  ref0 = ref = $5; pot0 = pot = $6
  text = "frame " $1 " " $2 " reference/potential:"
  next
}
{
  text = text sprintf(" %.2f:%.1f/%.1f", $3, $5 - ref0, $6 - pot0)
  if (!over && $5 - ref > 0.05 && !($6 > pot)) {
    if (hole == "") hole = sprintf("%.2f", $3)
  }
  if (hole != "" && pot0 - $6 > depth) depth = pot0 - $6
  if (hole == "" && $6 - pot0 > 10) over = 1
  # how much too steep or too soft the wall is, where the reference is first more than 3 eV up
  if (ref - ref0 < 3 && $5 - ref0 >= 3 && !over) { ratio = ($6 - pot0) / ($5 - ref0); ratios++; sum += ratio }
  ref = $5; pot = $6
}
END {
  finish()
  printf "\"squeezes\":%d,\"holes\":%d,\"hole\":%s,\"wall\":%s\n", scans, bad, (worst == "" ? "null" : "\"" worst "\""),
    (ratios ? sprintf("%.2f", sum / ratios) : "null")
}
