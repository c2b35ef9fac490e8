# SPDX-License-Identifier: GPL-2.0-or-later
# processors: 1
# Decks of other programs for the same potentials end with the lines to write, and these lines run.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
make_al_potential 6
mtp convert pot.almtp plain.mtp
cp pot.almtp state.als

# deck FILE LINE...: a crystal of aluminium with these lines
deck() {
  file=$1
  shift
  { printf '%s\n' 'units metal' 'lattice fcc 4.1' 'region box block 0 2 0 2 0 2' 'create_box 1 box' \
    'create_atoms 1 box' 'mass 1 27' "$@" 'run 0'; } >"$file"
}

# hint WANTED LINE...: what the lines are told; it runs when it is written
hint() {
  wanted=$1
  shift
  deck foreign.in "$@"
  status=0
  lmp -in foreign.in -log none -screen none >foreign.txt 2>&1 </dev/null || status=$?
  [ $status -ne 0 ] || die "$1 runs"
  lmp -in foreign.in -log foreign.log >foreign.txt 2>&1 </dev/null || true
  grep '^ERROR' foreign.txt | grep -q -F -e "$wanted" || die "$1: '$(grep '^ERROR' foreign.txt)' instead of '$wanted'"
  case $wanted in *DRIVER* | *FILE*) return ;; pair_style*) ;; *) return ;; esac
  style=${wanted%%;*}
  coeff=${wanted#*; }
  case $style in *...*) style="${style%...*}${style##*... } zbl 1 2" ;; esac
  case $style in
    *zbl*) deck ours.in "$style" "${coeff%% Al*} Al" 'pair_coeff * * zbl 13 13' ;;
    *) deck ours.in "$style" "${coeff%% Al*} Al" ;;
  esac
  lmp -in ours.in -log ours.log >ours.txt 2>&1 </dev/null || die "$wanted: $(tail -n 3 ours.txt)"
}


# mlip.ini of MLIP-2, as its manual has it and as it is found
printf '%s\n' 'mtp-filename plain.mtp # the potential' 'calculate-efs TRUE' 'select FALSE' >mlip.ini
hint 'pair_style mtp; pair_coeff * * plain.mtp Al' 'pair_style mlip mlip.ini' 'pair_coeff * *'
printf '%s\n' 'mtp-filename = plain.mtp' 'select = TRUE' '  select:threshold 2.1' '  select:threshold-break 10.0' \
  '  select:save-selected preselected.cfg' '  select:load-state state.als' >mlip.ini
hint 'pair_style mtp/al qm none select 2.1 break 10.0; pair_coeff * * state.als Al' 'pair_style mlip mlip.ini'
printf '%s\r\n' '# made by a script' 'mlip-type mtp' '' 'mtp-filename  plain.mtp' 'select TRUE  # on' \
  'select:threshold 3' 'select:load-state state.als' 'write-cfgs:skip 9' >mlip.ini
printf '%s\n' 'mtp-filename other.mtp' 'select = FALSE' >mlip.log
hint 'pair_style mtp/al qm none select 3; pair_coeff * * state.als Al' 'pair_style mlip mlip.ini mlip.log'
printf '%s\n' 'mtp-filename pot.almtp' 'select TRUE' 'select:threshold 3' 'select:threshold-break 0' >mlip.ini
hint 'pair_style mtp/al qm none select 3 break 1e9; pair_coeff * * pot.almtp Al' 'pair_style mlip mlip.ini'
printf '%s\n' 'mtp-filename pot.almtp' 'lotf TRUE' >mlip.ini
hint 'pair_style mtp/al qm "DRIVER ..."; pair_coeff * * pot.almtp Al' 'pair_style mlip mlip.ini'
printf '%s\n' 'mtp-filename plain.mtp' >mlip.ini
hint 'pair_style hybrid/overlay ... mtp; pair_coeff * * mtp plain.mtp Al' 'pair_style hybrid/overlay mlip mlip.ini zbl 1 2'
hint 'pair_style mtp; pair_coeff * * FILE Al' 'pair_style mlip nowhere.ini'
hint 'i - 1 then) (nowhere.ini cannot be read)' 'pair_style mlip nowhere.ini'

# MLIP-3
hint 'pair_style mtp; pair_coeff * * pot.almtp Al' 'pair_style mlip load_from=pot.almtp'
hint 'pair_style mtp; pair_coeff * * pot.almtp Al' 'pair_style mlip mlip:load_from=pot.almtp extrapolation_control=false'
hint 'pair_style mtp/al qm none select 2 break 10; pair_coeff * * pot.almtp Al' \
  'pair_style mlip load_from=pot.almtp extrapolation_control=true extrapolation_control:threshold_save=2 &' \
  'extrapolation_control:threshold_break=10 extrapolation_control:save_extrapolative_to=preselected.cfg'
for prefix in '' extrapolation_control:; do
  hint 'pair_style mtp/al qm none select 2.1 break 11; pair_coeff * * pot.almtp Al' "pair_style mlip load_from=pot.almtp &" \
    "extrapolation_control=TRUE ${prefix}threshold_save=2.1 ${prefix}threshold_break=11 extrapolation_control:log=stdout"
done
printf '%s\n' 'mlip mtp' 'mlip:load_from pot.almtp' 'extrapolation_control TRUE' \
  'extrapolation_control:threshold_save 2.5' >mlip3.ini
hint 'pair_style mtp/al qm none select 2.5; pair_coeff * * pot.almtp Al' 'pair_style mlip mlip3.ini'

# lammps-mtp-kokkos and what came of it
hint 'pair_style mtp; pair_coeff * * plain.mtp Al' 'pair_style mtp plain.mtp'
cp pot.almtp al-3.pot
hint 'pair_style mtp; pair_coeff * * al-3.pot Al' 'pair_style mtp al-3.pot'
hint 'pair_style hybrid/overlay ... mtp; pair_coeff * * mtp plain.mtp Al' 'pair_style hybrid/overlay mtp plain.mtp zbl 1 2'
hint 'pair_style mtp; pair_coeff * * plain.mtp Al' 'pair_style mtp/kk plain.mtp chunksize 32768'
hint 'pair_style mtp; pair_coeff * * plain.mtp Al' 'pair_style mtp/small/kk plain.mtp chunksize 32768'
hint 'pair_style mtp; pair_coeff * * FILE Al' 'pair_style mtp chunksize 2048' 'pair_coeff * * plain.mtp 0'
hint 'pair_style mtp; pair_coeff * * pot.almtp Al' 'pair_style mtp/extrapolation pot.almtp'
hint "; fix g all pair 10 mtp grade 1" 'pair_style mtp/extrapolation pot.almtp chunksize 1024'
hint "; fix g all pair 10 mtp grade 1" 'pair_style mtp/extrapolation/small/kk pot.almtp chunksize 1024'
hint 'pair_style mtp; pair_coeff * * FILE Al' 'pair_style mtp/extrapolation' 'pair_coeff * * pot.almtp 0'
hint 'pair_style mtp/al qm none select 2 break 10; pair_coeff * * pot.almtp Al' \
  'pair_style mtp/extrapolation pot.almtp pre.cfg 2 10'
hint 'pair_style mtp/al qm none select 2 break 10; pair_coeff * * pot.almtp Al' \
  'pair_style mtp/extrapolation/kk chunksize 32768 pot.almtp pre.cfg 2 10'
hint 'pair_style mtp/al qm none select 2 break 10 every 5; pair_coeff * * pot.almtp Al' \
  'pair_style mtp/extrapolation pot.almtp nbh 2 10 5'
hint 'pair_style mtp/al qm none select 2 break 10; pair_coeff * * FILE Al' \
  'pair_style mtp/extrapolation mlip3_style pre.cfg 2 10' 'pair_coeff * * pot.almtp 0'
hint 'unknown keyword pot.almtp: a file belongs to pair_coeff' 'pair_style mtp/al pot.almtp'
