# SPDX-License-Identifier: GPL-2.0-or-later
# Info on configurations and event logs.
. "$SOURCE_DIR/tests/cli/_lib.sh"

cat >set.extxyz <<'END'
2
Lattice="4 0 0 0 5 0 0 0 6" Properties=species:S:1:pos:R:3:forces:R:3 energy=-3 pbc="T T T"
Ni 0 0 0 0 0 0.5
Al 0 0 5 0 0 -0.5
1
Properties=species:S:1:pos:R:3 pbc="F F F"
Al 2 2 2
END
mtp info set.extxyz >set.txt
contains set.txt '^configurations  *2$'
contains set.txt '^  in a configuration  *1 to 2$'
contains set.txt '^  of Al  *2$'
contains set.txt '^energy  *-1.5 to -1.5 eV/atom$'
contains set.txt '^force  *0.5 to 0.5 eV/A$'
contains set.txt '^volume  *60 to 60 A^3/atom$'
contains set.txt '^smallest distance  *1 A$' # through the boundary
mtp info - --json <set.extxyz >set.json
contains set.json '"with_energy":1'
contains set.json '"species":{"Ni":1,"Al":2}'

cat >log.jsonl <<'END'
{"event":"start","time":0,"step":0}
{"event":"label","step":3,"seconds":1.5,"driver":"exec"}
{"event":"reject","step":4,"seconds":0.5}
{"event":"refit","step":4,"seconds":0.25,"configurations":6,"rmse_energy":0.01,"rmse_force":0.1,"kind":"linear"}
{"event":"label","step":9,"seconds":2}
END
mtp info log.jsonl >log.txt
contains log.txt '^  label  *2$'
contains log.txt '^QM calls  *3$'
contains log.txt '^QM time  *4 s$'
contains log.txt '^last step  *9$'
contains log.txt '^last refit  *linear$'
mtp info log.jsonl --json >log.json
contains log.json '"events":{"start":1,"label":2,"reject":1,"refit":1}'
contains log.json '"last_refit":{"event":"refit"'

# numbers keep their last digit
printf '{"event":"refit","step":1,"loss":0.30000000000000004,"kind":"linear"}\n' >digits.jsonl
mtp info digits.jsonl --json >digits.json
contains digits.json '"loss":0.30000000000000004'
sed '2s/energy=-3/energy=0.60000000000000009/' set.extxyz >digits.extxyz
mtp info digits.extxyz --json >digits.json
contains digits.json '\[0.30000000000000004,0.30000000000000004\]'

# a log that ends in the middle of a line is what a kill leaves; elsewhere it is an error
printf '{"event":"label","se' >>log.jsonl
mtp info log.jsonl >cut.txt 2>cut.err
contains cut.txt '^QM calls  *3$'
contains cut.err 'log.jsonl:6: .*cut short'
printf 'conds":\n{"event":"end"}\n' >>log.jsonl
refuse 1 'log.jsonl:6: ' mtp info log.jsonl
