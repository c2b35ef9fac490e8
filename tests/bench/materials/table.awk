# SPDX-License-Identifier: GPL-2.0-or-later
# A table of the lines of JSON that ../materials.sh writes: awk -f table.awk results.jsonl
function get(key,  text) {
  if (!match($0, "\"" key "\":(\"[^\"]*\"|[^,}]*)")) return "-"
  text = substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
  gsub(/"/, "", text)
  return text == "null" ? "-" : text
}
function round(key, form,  text) {
  text = get(key)
  return text == "-" ? text : sprintf(form, text)
}
function share(  wall) {
  wall = get("wall_s")
  return wall > 0 ? sprintf("%.0f%%", 100 * get("refit_s") / wall) : "-"
}
function holes() { return get("holes") > 0 ? get("holes") "/" get("squeezes") " " get("hole") : (get("squeezes") > 0 ? "none" : "-") }
function life(part) { return (get(part) == "dies" ? "DIES " : get(part) == "stopped" ? "stop " : "") round(part "_ps", "%.1f") }
BEGIN {
  print "                                | learning              | seconds                   | RMSE                   | squeezed             | lived, ps"
  format = "%-9s %-12s %3s %5s | %6s %6s (%5s) | %6s %6s %6s %5s | %9s %7s %5s | %-14s %5s | %-10s %-10s\n"
  printf format, "material", "tag", "lev", "atoms", "labels", "refits", "full", "QM", "refits", "wall", "share", "meV/atom", "eV/A", "%", \
    "holes", "wall", "frozen", "hot"
}
{
  printf format, get("name"), get("tag"), get("level"), get("atoms"), (get("learn") == "failed" ? "FAILED" : get("labels")), get("refits"), \
    get("full"), round("qm_s", "%.2f"), round("refit_s", "%.1f"), round("wall_s", "%.1f"), share(), round("energy", "%.2f"), \
    round("force", "%.4f"), round("relative", "%.1f"), holes(), get("wall"), life("frozen"), life("hot")
}
