# SPDX-License-Identifier: GPL-2.0-or-later
# Includes follow the arrows that lib/doc/how-it-works.md draws, and no others.
. "$SOURCE_DIR/tests/cli/_lib.sh"

# check ROOT: each include of ROOT/lib and ROOT/pair_mtp that has no arrow, as FILE:LINE: what is wrong
check() {
  (cd "$1" && grep -rn --include='*.[ch]' --include='*.cpp' '^#include ["<]' lib pair_mtp) |
    sed 's/^\([^:]*\):\([^:]*\):#include \(["<]\)\([^">]*\).*/\1 \2 \3 \4/' |
    awk -v document="$SOURCE_DIR/lib/doc/how-it-works.md" '
      # the names of a list such as "learn, qm"; those of all lines before for "all of these"
      function names_of(list, out,    parts, count, n, k, name) {
        count = split(list, parts, /, */)
        n = 0
        for (k = 1; k <= count; k++) {
          gsub(/^ +| +$/, "", parts[k])
          if (parts[k] == "all of these")
            for (name in room) out[++n] = name
          else
            out[++n] = parts[k]
        }
        return n
      }
      # a line "A <- B, C <- D" of the drawing
      function read_arrows(line,    parts, count, i, k, l, left, right, n, m) {
        count = split(line, parts, / <- /)
        for (i = 2; i <= count; i++) {
          n = names_of(parts[i - 1], left)
          m = names_of(parts[i], right)
          for (k = 1; k <= n; k++)
            for (l = 1; l <= m; l++) sees[right[l], left[k]] = 1
          for (k = 1; k <= n; k++) room[left[k]] = 1
          for (l = 1; l <= m; l++) room[right[l]] = 1
        }
      }
      # the room of a path without lib/: the longest one that it is in
      function room_of(path,    name, best) {
        best = ""
        for (name in room)
          if (index(path, name "/") == 1 && length(name) > length(best)) best = name
        return best
      }
      # driver or folder of drivers: ipi in qm/drivers/ipi/ipi.c
      function driver_of(path) {
        if (path !~ /^qm\/drivers\/[a-z0-9_]+\//) return ""
        sub(/^qm\/drivers\//, "", path)
        sub(/\/.*/, "", path)
        return path
      }
      function wrong(what) { print $1 ":" $2 ": " what }
      BEGIN {
        while ((getline line < document) > 0) {
          if (line ~ /^Includes point one way/) near = 1
          else if (near && line ~ /^```/) { if (++fence == 2) break }
          else if (fence == 1) read_arrows(line)
        }
        for (k in room) for (i in room) for (j in room) if (((i, k) in sees) && ((k, j) in sees)) sees[i, j] = 1
        for (i in room) if ((i, i) in sees) print document ": the arrows lead from " i " to " i
        if (fence != 2) print document ": found no arrows"
      }
      {
        file = $1
        sub(/^lib\//, "", file)
        from = room_of(file)
        to = room_of($4)
      }
      file ~ /^include\// { if ($3 == "\"" && $4 !~ /^mtp\//) wrong("a public header includes " $4); next }
      from == "" { wrong("the drawing does not have this folder"); next }
      $3 == "<" { if ($4 ~ /^mpi\.h|^lammps/ && from != "mpi" && from != "pair_mtp") wrong("includes <" $4 ">"); next }
      $4 ~ /^mtp\// { next }
      to == "" { # headers of LAMMPS, and of the driver that lives beside it
        if (from != "pair_mtp" && !(from == "cli" && $4 ~ /(qm|baseline)_lammps\.h$/)) wrong("no folder of the library has " $4)
        next
      }
      # what lives beside LAMMPS keeps to the public headers; its driver uses what those of lib/qm share
      from == "pair_mtp" && to != "mpi" && !(file ~ /^pair_mtp\/driver\// && $4 ~ /^(support\/support|config\/lammps|config\/rotate)\.h$/) {
        wrong("the plugin must not see " $4)
        next
      }
      from != to && !((from, to) in sees) { wrong(from " must not see " to " (" $4 ")"); next }
      # more than arrows say
      from == "kernel" && to == "config" { wrong("the kernel sees of config only public headers, not " $4) }
      from != to && to == "qm/drivers" && $4 != "qm/drivers/drivers.h" { wrong("sees more of drivers than their list: " $4) }
      from == to && to == "qm/drivers" && driver_of($4) != "" && driver_of($4) != driver_of(file) {
        if (driver_of(file) != "ipi" || $4 != "qm/drivers/qe/qe_template.h") wrong("sees another driver: " $4)
      }'
}

check "$SOURCE_DIR" >found.txt
[ ! -s found.txt ] || die "$(cat found.txt)"

# tell FILE INCLUDE: what is wrong in a tree that has but this line, its second
tell() {
  rm -rf tree
  mkdir -p "tree/$(dirname "$1")" tree/lib tree/pair_mtp
  printf '/* a file */\n#include %s\n' "$2" >"tree/$1"
  check tree >found.txt
}
wrong() {
  tell "$1" "$2"
  [ "$(grep -c -F "$1:2: " found.txt)" -eq 1 ] || die "$1 may include $2: $(cat found.txt)"
}
right() {
  tell "$1" "$2"
  [ ! -s found.txt ] || die "$(cat found.txt)"
}
wrong lib/support/a.c '"model/model.h"'
wrong lib/kernel/a.c '"learn/normal.h"'
wrong lib/kernel/a.c '"config/scan.h"'
wrong lib/qm/process/a.c '"qm/internal.h"'
wrong lib/qm/process/a.c '"config/scan.h"'
wrong lib/qm/drivers/a.c '"qm/internal.h"'
wrong lib/qm/drivers/qe/a.c '"qm/drivers/vasp/vasp_xml.h"'
wrong lib/qm/a.c '"qm/drivers/reason.h"'
wrong lib/loop/a.c '"cli/cli.h"'
wrong lib/cli/a.c '"pair_mtp.h"'
wrong lib/new/a.c '"support/support.h"'
wrong lib/include/mtp/a.h '"support/support.h"'
wrong lib/loop/a.c '<mpi.h>'
wrong pair_mtp/a.cpp '"support/support.h"'
wrong pair_mtp/driver/a.c '"model/model.h"'
wrong pair_mtp/driver/a.c '"config/scan.h"'
right lib/loop/a.c '"support/support.h"'
right pair_mtp/driver/a.c '"support/support.h"'
right pair_mtp/driver/a.c '"config/rotate.h"'
right lib/qm/a.c '"qm/drivers/drivers.h"'
right lib/qm/drivers/ipi/a.c '"qm/drivers/qe/qe_template.h"'
right pair_mtp/a.cpp '"pair.h"'
