# SPDX-License-Identifier: GPL-2.0-or-later
# Help, version and wrong usage: exit status 0 and 2, one line on stderr.
. "$SOURCE_DIR/tests/cli/_lib.sh"

mtp --help >help.txt
mtp --version >version.txt
contains version.txt '^mtp [0-9]*\.[0-9]*\.[0-9]*$'
for command in init train eval errors grade select cut info convert label random bench report; do
  contains help.txt "^  $command "
  mtp $command --help >one.txt
  contains one.txt "^Usage: mtp $command "
  contains one.txt '^Example'
  refuse 2 "^mtp $command: unknown option --no-such" mtp $command --no-such
  refuse 2 "^mtp $command: unknown option -Q" mtp $command -Q
  refuse 2 "^mtp $command: " mtp $command
done

# ranks of an mpiexec would all do the same; one speaks for them
for command in init info convert bench cut; do
  refuse 2 "^mtp $command: runs as one process" env PMI_SIZE=2 PMI_RANK=0 mtp $command x y -o z.mtp
  refuse 2 "^mtp $command: runs as one process" env OMPI_COMM_WORLD_SIZE=2 mtp $command x y -o z.mtp
done
status=0
env PMI_SIZE=2 PMI_RANK=1 mtp info x >second.out 2>&1 || status=$?
[ $status -eq 2 ] && [ ! -s second.out ] || die "the second rank ends with $status: $(cat second.out)"
refuse 1 '^mtp info: ' env PMI_SIZE=1 mtp info x # the rank of a queue is no other rank

# processes of any launcher: at most one of them may do the work, and the MPI that cannot see the others is told
mtp init --level 2 --species Al --cutoff 5 -o alone.mtp
clusters 3 5 >alone.extxyz
several() { # RANK VARIABLES...: the other of two must not train, whatever its MPI says
  rank=$1
  shift
  status=0
  env "$@" mtp train alone.mtp alone.extxyz -o alone.almtp --linear >several.out 2>several.err || status=$?
  [ $status -eq 2 ] || die "$*: status $status: $(cat several.out several.err)"
  [ "$rank" -eq 0 ] || [ "$(wc -l <several.err)" -le 1 ] || die "$*: $(cat several.err)"
  [ "$rank" -ne 0 ] || contains several.err '^mtp train: is one of several processes, as [A-Z_0-9]*=2 says'
  absent alone.almtp
}
for rank in 0 1; do
  several $rank SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=$rank PMIX_RANK=$rank
  several $rank SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=$rank
  several $rank SLURM_NTASKS=2 SLURM_PROCID=$rank PMIX_RANK=$rank
  several $rank PALS_LOCAL_SIZE=2 PALS_RANKID=$rank
  several $rank MV2_COMM_WORLD_SIZE=2 MV2_COMM_WORLD_RANK=$rank
  several $rank JSM_NAMESPACE_SIZE=2 JSM_NAMESPACE_RANK=$rank
  several $rank FLUX_JOB_SIZE=2 FLUX_TASK_RANK=$rank
  several $rank OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=$rank
done
for name in PMIX_RANK PALS_RANKID ALPS_APP_PE; do several 1 $name=1; done # of which nobody says how many there are
refuse 2 '^mtp info: runs as one process' env SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=0 mtp info x
refuse 2 '^mtp info: runs as one process' env PMIX_RANK=1 mtp info x
# the script of a job, and one process in it
for one in 'SLURM_NTASKS=2 SLURM_PROCID=0' 'SLURM_NTASKS=2 SLURM_STEP_NUM_TASKS=1 SLURM_PROCID=0 PMIX_RANK=0' \
  'OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_RANK=0 PMIX_RANK=0 SLURM_NTASKS=2' 'PALS_RANKID=0' 'FLUX_JOB_SIZE=2'; do
  # shellcheck disable=SC2086 # words
  env $one mtp train alone.mtp alone.extxyz -o alone.almtp --linear >alone.txt 2>&1 || die "$one: $(cat alone.txt)"
  rm alone.almtp
done

refuse 2 '^mtp: no command' mtp
refuse 2 "^mtp: unknown command 'nonsense'" mtp nonsense
refuse 2 '^mtp: unknown option --nonsense' mtp --nonsense

refuse 2 'needs a value' mtp eval a b -o
refuse 2 'takes no value' mtp eval a b -o c --grade=1
refuse 2 "unexpected argument 'c'" mtp grade a b c
refuse 2 '-o is required' mtp eval a b
refuse 2 "unknown format 'png'" mtp eval a b -o c --to png
refuse 2 'suffix of c.png' mtp eval a b -o c.png
refuse 2 'even number' mtp init --level 7 --species Al --cutoff 5 -o p.mtp
refuse 2 'whole number' mtp init --level 6x --species Al --cutoff 5 -o p.mtp
refuse 2 'a number is expected' mtp init --level 6 --species Al --cutoff nan -o p.mtp
refuse 2 'min-dist' mtp init --level 6 --species Al --cutoff 1 --min-dist 2 -o p.mtp
refuse 2 'element names' mtp init --level 6 --species Al,,Ni --cutoff 5 -o p.mtp
refuse 2 'named twice' mtp init --level 6 --species Al,Al --cutoff 5 -o p.mtp
refuse 2 'a number from 1' mtp train p.mtp data.cfg -o q.mtp --starts 0
refuse 2 'gigabytes' mtp train p.mtp data.cfg -o q.mtp --memory -1
refuse 2 'not negative' mtp train p.mtp data.cfg -o q.mtp --tol -1
refuse 2 'not negative' mtp train p.mtp data.cfg -o q.mtp --bending -1
refuse 2 'three numbers' mtp train p.mtp data.cfg -o q.mtp --linear --weights 1,2
refuse 2 'vibrations' mtp train p.mtp data.cfg -o q.mtp --linear --weighting best
refuse 2 'energy, forces, neighbourhood or configuration' mtp train p.mtp data.cfg -o q.mtp --linear --mode both
absent p.mtp q.mtp c c.png

# what is written would ruin what is read, or what else is written; by any name, there or not
cp alone.extxyz kept.extxyz
ln -s alone.extxyz link.extxyz
ln -s . here
for output in alone.extxyz ./alone.extxyz here/alone.extxyz link.extxyz; do
  for command in 'eval alone.mtp alone.extxyz' 'grade alone.mtp alone.extxyz' 'cut alone.mtp alone.extxyz' \
    'select alone.mtp alone.extxyz' 'select alone.mtp pool.extxyz --train alone.extxyz' 'report alone.extxyz' \
    'label alone.extxyz --qm true' 'train alone.mtp alone.extxyz' 'train alone.mtp x.extxyz --valid alone.extxyz' \
    'train alone.mtp alone.extxyz -o x.almtp --log' 'train alone.mtp alone.extxyz -o x.almtp --checkpoint'; do
    case $command in *-o*) set -- "$output" ;; *) set -- -o "$output" ;; esac
    # shellcheck disable=SC2086 # words
    refuse 2 "are both '$output': expected different files" mtp $command "$@"
  done
done
refuse 2 "are both './new'" mtp train alone.mtp alone.extxyz -o new.almtp --log new --checkpoint ./new
cmp -s alone.extxyz kept.extxyz || die 'an input was written'
mtp train alone.mtp alone.extxyz -o alone.mtp --linear >alone.txt # goes on in its file
cp alone.extxyz again.extxyz
mtp convert again.extxyz again.extxyz

status=0
mtp --help >/dev/full 2>full.err || status=$?
[ $status -eq 1 ] || die 'a full disk behind stdout goes unnoticed'
contains full.err 'cannot write to standard output'
