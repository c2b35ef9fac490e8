# SPDX-License-Identifier: GPL-2.0-or-later
# Each kind of learning deck runs three times: as a whole; in two halves, with a restart file and a new LAMMPS between
# them; and killed (-9) on its way, with a new LAMMPS that goes on from the last restart file. What was learned before
# is the same, stays, and is not paid for again; what is learned afterwards is as much, and as good, as in the whole.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

# decisions LOG: which step each label is of, and its grade; those of explorations, which end a run, left out.
decisions() { sed -n '/"event":"label"/{/"explored"/d; s/.*"step":\([-0-9]*\),"gamma":\([^,]*\),.*/\1 \2/p;}' "$1"; }
# known LOG STEP: how many labels had been learned from by that step.
known() {
  awk -v now="$2" '/"event":"label"/ { labels++ }
    /"event":"refit"/ {
      match($0, /"step":-?[0-9]*/)
      if (substr($0, RSTART + 7, RLENGTH - 7) + 0 <= now) known = labels
    }
    END { print known + 0 }' "$1"
}
# first N FILE: its first configurations.
first() {
  awk -v n="$1" 'NF == 1 { count = $0; next } /Properties=/ { if (++read > n) exit; print count } { print }' "$2"
}
# repeated FILE: atoms that more than one of its configurations has.
repeated() {
  awk 'function end() { if (atoms in seen) print atoms; if (atoms != "") seen[atoms]; atoms = "" }
    NF == 1 { end(); next } !/Properties=/ { atoms = atoms $1 " " $2 " " $3 " " $4 ";" } END { end() }' "$1"
}
# heads FILE OTHER: the other file begins with this one, byte for byte.
heads() { head -c "$(wc -c <"$1")" "$2" | cmp -s - "$1" || die "$PWD: $2 does not begin with what $1 holds"; }
# error TWIN: root of the mean square of what it is off by on what the whole has learned from, eV/A.
error() {
  mtp errors "$1/learned.almtp" whole/train.extxyz --json >errors.json
  member errors.json '"force":{"mae":[^,]*,"rmse":'
}

# kind NAME DECK SCRIPT MADE: the folder of a kind of deck. SCRIPT (of sed) lets the deck run until ${until} of ${end},
# and MADE takes out of it what must not be done to the atoms of a restart file.
kind() {
  mkdir "$1"
  cd "$1"
  mkdir given begun resumed
  sed "$3" "$2" >in.begun
  sed "$4" in.begun >in.resumed
}
dynamics='s/"run 60" //; s/run  *\(${steps}\|[1-9][0-9]*\)/run ${until} upto start 0 stop ${end}/'
velocities='/^velocity/d; s/"velocity [^"]*"//'

# given CRYSTAL POTENTIAL: what a cold start has.
given() {
  cp "../$1.data" given/crystal.data
  cp "../$2.almtp" given/untrained.almtp
  cp ../reference.lmp ../reference_al.lmp given
}

# part LOG begun|resumed UNTIL [lmp options]: a part of a run.
part() {
  log=$1 deck=$2 until=$3
  shift 3
  exec lmp -log "$log" -nocite -in "../in.$deck" -var decks "../$deck" -var until "$until" -var end "$end" "$@" \
    >"$log.screen" 2>&1 </dev/null
}
# ends FOLDER LOG begun|resumed UNTIL [lmp options]: a part that must end well.
ends() {
  folder=$1
  shift
  (cd "$folder" && part "$@") || die "$PWD/$folder: $(tail -n 5 "$folder/$1.screen")"
}
# killed LOG [lmp options]: comes to step $held, where the second of two dumps goes into a pipe that nobody reads, and
# ends there.
killed() {
  log=$1
  shift
  mkfifo "killed/held.$held"
  (cd killed && part "$log" begun "$end" "$@") &
  pid=$!
  for wait in $(seq 3000); do
    [ ! -e "killed/seen.$held" ] || break
    sleep 0.02
  done
  kill -9 $pid 2>/dev/null || true
  status=0
  wait $pid 2>/dev/null || status=$?
  [ $status -eq 137 ] || die "$PWD/killed ends with $status: $(tail -n 5 "killed/$log.screen")"
  rm "killed/held.$held"
}

# twins MIDDLE HELD END [lmp options]: the three runs. The restart file, at which LAMMPS makes its lists of neighbours
# anew, is written by all of them, so that they are the same run.
twins() {
  middle=$1 held=$2 end=$3
  shift 3
  {
    cat "$decks/start.lmp"
    echo "restart $middle twin.*"
    for dump in seen held; do echo "dump $dump all custom $held $dump.* id"; done
  } >begun/start.lmp
  sed "/^dump/d; s/^read_data .*/read_restart twin.$middle/" begun/start.lmp >resumed/start.lmp
  for folder in whole halves killed; do cp -r given $folder; done
  ends whole whole.log begun "$end" "$@"
  ends halves first.log begun "$middle" "$@"
  killed first.log "$@"
  decisions whole/events.jsonl >whole.labels
  error whole >whole.error
  for twin in halves killed; do
    cp $twin/train.extxyz $twin/first.extxyz
    cp $twin/events.jsonl $twin/first.jsonl
    ends $twin second.log resumed "$end" "$@"
  done
  compare halves "$middle"
  compare killed "$held"
}

# compare TWIN STEP: with the whole, after the twin's first part came to that step.
compare() {
  twin=$1
  known=$(known whole/events.jsonl "$2")
  # before: the same labels for the same reasons
  decisions "$twin/first.jsonl" >first.labels
  head -n "$known" first.labels >same.labels
  heads same.labels whole.labels
  first "$known" "$twin/first.extxyz" >same.extxyz
  heads same.extxyz whole/train.extxyz
  # candidates of the first half get their labels at its end if an exploration follows
  [ "$explore" = yes ] || [ "$(wc -l <first.labels)" -eq "$known" ] || die "$PWD: $twin has other labels than the whole"

  heads "$twin/first.extxyz" "$twin/train.extxyz"
  [ -z "$(repeated "$twin/train.extxyz")" ] || die "$PWD: $twin has labels twice"

  # after: as many labels as two runs from there could differ by, which count what happens to them (two standard
  # deviations), and a potential as good
  decisions "$twin/events.jsonl" >"$twin.labels"
  echo "$(wc -l <whole.labels) $(wc -l <"$twin.labels") $known" |
    awk '{ d = $1 - $2; exit !(d * d <= 4 * ($1 + $2 - 2 * $3 + 1)) }' ||
    die "$PWD: $(wc -l <whole.labels) labels of the whole, $(wc -l <"$twin.labels") of $twin"
  # where a potential goes alone depends on all that it has learned, so that twins then learn at other places
  times=1.5
  [ "$explore" = no ] || times=2
  below "$(error "$twin")" "$(awk -v times=$times '{ print times * $1 }' whole.error)"
}
# exact: what LAMMPS takes up from its restart file as it was, and what is learned from at once, goes on as if nothing
# had been between: the labels are those of the same steps.
exact() {
  for run in whole halves; do cut -d ' ' -f 1 $run.labels >$run.steps; done
  cmp -s whole.steps halves.steps ||
    die "$PWD: the halves learn at other steps: $(paste whole.steps halves.steps | tr '\n' ';')"
}

explore=no
for potential in 6_Al 8_Al 8_Al,Ni 12_Al; do
  untrained ${potential%_*} ${potential#*_}
  mv untrained.almtp $potential.almtp
done
for shape in block prism; do
  crystal -var cells 2 -var shape $shape
  mv crystal.data $shape.data
done
crystal -var cells 5
mv crystal.data large.data
once='select 2.0 break 2.0 refit linear' # no candidate waits

(
  kind nvt "$decks/in.learn" "$dynamics" "$velocities"
  given block 8_Al
  twins 160 200 300 -var keywords "$once"
  exact
) || exit 1
(
  kind bayes "$decks/in.learn" "$dynamics" "$velocities"
  given block 8_Al
  twins 240 260 300 -var keywords "query bayes 0.02 select 1 break 1 refit linear warmup 2 0.03"
  exact
) || exit 1
(
  kind explore "$decks/in.learn" "$dynamics" "$velocities"
  given block 8_Al
  explore=yes
  twins 160 180 300 -var explore yes
) || exit 1
(
  kind npt "$decks/in.learn" "$dynamics; s/^fix 1 .*/fix 1 all npt temp 300.0 2500.0 0.1 tri 0.0 0.0 0.5/" "$velocities"
  given prism 8_Al
  twins 20 30 50 -var keywords "$once"
) || exit 1
(
  kind species "$decks/in.learn" "$dynamics" "$velocities"
  given block 8_Al,Ni
  twins 100 140 200 -var keywords "$once" -var elements "Al Ni" -var driver "'lammps reference.lmp'"
  exact
) || exit 1
(
  kind slab "$decks/in.modes" "$dynamics" "$velocities"
  given block 6_Al
  twins 40 60 100 -var borders "p p s" -var what md -var keywords "$once"
  exact
) || exit 1
(
  kind cluster "$decks/in.modes" "$dynamics; s/timestep 0.002/timestep 2.0/" "$velocities"
  given block 6_Al
  twins 40 60 100 -var borders "s s s" -var energy_units real -var what md -var keywords "$once"
  exact
) || exit 1
(
  kind configuration "$decks/in.modes" "$dynamics" "$velocities"
  given prism 6_Al
  twins 40 55 80 -var what md -var keywords "$once mode configuration"
  exact
) || exit 1
(
  kind minimize "$decks/in.modes" 's/minimize 1e-10 1e-3 100/minimize 1e-10 1e-3 ${until}/' ''
  given prism 6_Al
  twins 10 15 100
) || exit 1
(
  kind relax "$decks/in.relax" 's/${limits}/${until} 20000/; /^write_dump/i if "${until} < ${end}" then quit' \
    '/^change_box/d; /^displace_atoms/d'
  given block 12_Al
  twins 10 15 2000 -var keywords "$once" -var ftol 0.02
) || exit 1
(
  kind forces "$decks/in.modes" "$dynamics" "$velocities"
  given block 6_Al
  twins 40 60 100 -var what md -var keywords "$once mode forces"
  exact
) || exit 1
(
  kind overlay "$decks/in.learn" "$dynamics; s/^pair_style mtp/pair_style hybrid\/overlay zbl 2.0 3.0 mtp/
    s/^pair_coeff.*/pair_coeff * * zbl 13 13\npair_coeff * * mtp\/al \${potential} \${elements}/" "$velocities"
  given block 8_Al
  twins 160 200 300 -var keywords "$once rewind 20"
  exact
) || exit 1
(
  kind grow "$decks/in.learn" "$dynamics" "$velocities"
  given block 12_Al
  twins 160 200 300 -var keywords "select auto break auto grow yes"
) || exit 1
(
  kind share "$decks/in.learn" "$dynamics" "$velocities"
  given block 8_Al
  twins 160 200 300 -var keywords "$once share yes"
  exact
) || exit 1
(
  kind cut "$decks/in.cut" "$dynamics; /^units/d; /^atom_style/d; /^boundary/d; /== block/d
    s/\"\${end} == run\"/\"run == run\"/
    s/^lattice .*/include \${decks}\/start.lmp/
    s/\"pair_style mtp\/al qm/\"pair_style mtp\/al train train.extxyz save learned.almtp log events.jsonl qm/
    s/learned.almtp Al\"/untrained.almtp Al Al\"/" 's/"velocity all create ${hot} 4711 loop geom"/"print again"/'
  given large 6_Al
  twins 20 30 40 -var keywords "$once cut auto"
) || exit 1
(
  melt=$SOURCE_DIR/examples/al-melt
  sed -n '/^units/,/^mass/p' "$melt/in.learn" | sed 's/0 4 0 4 0 4/0 3 0 3 0 3/' >in.melt
  echo 'write_data melt.data' >>in.melt
  lmp -in in.melt -log melt.log -nocite >melt.screen 2>&1 || die "$(tail -n 3 melt.screen)"
  kind melt "$melt/in.learn" "$dynamics; /^units/,/^mass/d; s/al.almtp/untrained.almtp/
    s/^pair_style .*/include \${decks}\/start.lmp\n& save learned.almtp log events.jsonl explore no/" "$velocities"
  given melt 12_Al
  cp "$melt/reference.lmp" given
  twins 100 130 200
) || exit 1
