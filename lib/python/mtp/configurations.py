# SPDX-License-Identifier: BSD-3-Clause
"""Configurations: atoms in a cell with what is known of them, and the files that hold them.

Lengths are in A, energies in eV, forces in eV/A, virials in eV, stresses in eV/A^3 with the sign and the order of ASE
(positive under tension; xx yy zz yz xz xy). Arrays are views of the memory of the library: what is written into them
is in the configuration.
"""
import os
import weakref
from collections import abc
from ctypes import POINTER, addressof, byref, pointer
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Union, overload

import numpy as np

from . import _structures as s
from ._context import Error, Handle, call, encode, texts, view
from ._library import SET, lib, libc

PathLike = Union[str, 'os.PathLike[str]']

# ASE's xx yy zz yz xz xy from xx yy zz xy xz yz, and back.
_VOIGT = [0, 1, 2, 5, 4, 3]
# What atoms.info says of a label that training has to know.
_KEPT_INFO = ('baseline', 'baseline_energy', 'config_energy_weight', 'config_force_weight', 'config_forces_weight',
              'config_stress_weight', 'config_type', 'config_virial_weight', 'config_weight', 'group', 'squeezed')


def _format_number(name: Optional[str]) -> int:
    if name is None:
        return s.Format.FORMAT_AUTO
    number = lib.mtp_format_from_name(encode(name))
    if number == s.Format.FORMAT_AUTO:
        raise Error('unknown format %r: known are cfg, extxyz, poscar, outcar, vasprun, lammps-data and lammps-dump' %
                    (name,))
    return number


def voigt(stress: Any) -> np.ndarray:
    """[6] of a stress that is [6] or [3, 3]."""
    stress = np.asarray(stress, float)
    if stress.shape == (3, 3):
        return (0.5 * (stress + stress.T))[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
    if stress.shape != (6,):
        raise Error('a stress has the shape (6,) or (3, 3), not %s' % (stress.shape,))
    return stress


class _Memory:
    """An array of a configuration that somebody looks at: it is there as long as one of its views is."""

    def __init__(self, owner: Any, address: int):
        self.owner, self.address, self.retired = owner, address, False

    def __del__(self, free: Any = libc.free) -> None:
        if self.retired:
            free(self.address)


#: By address, those that are looked at now.
_looked_at: 'weakref.WeakValueDictionary[int, _Memory]' = weakref.WeakValueDictionary()


class Configuration:
    """Atoms in a cell, and their label or prediction.

    Configuration(['Al', 'Al'], positions, cell, pbc) makes one of its own. Those of a Configurations are views into it.
    """

    def __init__(self, symbols: Sequence[str], positions: Any, cell: Any = None, pbc: Any = None, *,
                 energy: Optional[float] = None, forces: Any = None, stress: Any = None, charges: Any = None):
        positions = np.asarray(positions, float)
        if positions.shape != (len(symbols), 3):
            raise Error('%d symbols, but positions of the shape %s' % (len(symbols), positions.shape))
        self._owner, self._c = _new_in(Configurations(), len(symbols))
        self.positions[:] = positions
        self.symbols = symbols
        if cell is not None:
            cell = np.asarray(cell, float)
            self.cell[:] = np.diag(cell) if cell.shape == (3,) else cell
        has_vector = self.cell.any(axis=1)
        self.pbc[:] = has_vector if pbc is None else np.broadcast_to(np.asarray(pbc, bool), 3) & has_vector
        if energy is not None:
            self.energy = energy
        if forces is not None:
            self.forces = forces
        if stress is not None:
            self.stress = stress
        if charges is not None:
            self.charges = charges

    @classmethod
    def _of(cls, owner: 'Configurations', config: Any) -> 'Configuration':
        self = cls.__new__(cls)
        self._owner, self._c = owner, config
        return self

    @classmethod
    def from_ase(cls, atoms: Any) -> 'Configuration':
        """Atoms of ASE with the results that their calculator holds for them, initial charges if they are not 0, and
        what atoms.info has of groups, weights and baselines of labels.
        """
        self = cls(atoms.get_chemical_symbols(), atoms.positions, atoms.cell.array, atoms.pbc)
        results = dict(getattr(atoms.calc, 'results', {})) if atoms.calc is not None else {}
        if results and hasattr(atoms.calc, 'check_state') and atoms.calc.check_state(atoms):  # of other atoms
            results = {}
        energy = results.get('free_energy', results.get('energy'))
        if energy is not None:
            self.energy = energy
        if results.get('forces') is not None:
            self.forces = results['forces']
        if results.get('stress') is not None and self.volume > 0:
            self.stress = results['stress']
        charges = atoms.get_initial_charges()
        if charges.any():
            self.charges = charges
        for key in _KEPT_INFO:
            if str(atoms.info.get(key)) not in ('None', 'False'):
                self.set_feature(key, atoms.info[key])
        return self

    def to_ase(self) -> Any:
        """Atoms of ASE; energy, forces and stress are there as results of a SinglePointCalculator."""
        from ase import Atoms
        from ase.calculators.singlepoint import SinglePointCalculator
        atoms = Atoms(self.symbols, positions=self.positions, cell=self.cell, pbc=self.pbc)
        results = {'energy': self.energy, 'free_energy': self.energy, 'forces': self.forces, 'stress': self.stress}
        results = {key: np.array(value) if np.ndim(value) else value
                   for key, value in results.items() if value is not None}
        if self.charges is not None:
            atoms.set_initial_charges(self.charges)
        if results:  # last: they are results of atoms with these charges
            atoms.calc = SinglePointCalculator(atoms, **results)
        for name in ('grades', 'force_errors'):
            if getattr(self, name) is not None:
                atoms.set_array(name, np.array(getattr(self, name)))
        if self.max_grade is not None:
            atoms.info['max_grade'] = self.max_grade
        atoms.info.update(self.features)
        return atoms

    def copy(self) -> 'Configuration':
        """A copy of its own."""
        return Configurations([self])[0]

    # ---- atoms and cell ----

    def __len__(self) -> int:
        return self._c.contents.n

    def __repr__(self) -> str:
        return 'Configuration(%d atoms of %s)' % (len(self), ', '.join(sorted(set(self.symbols))))

    def _member(self, name: str, shape: Any, dtype: Any = np.float64) -> np.ndarray:
        """A view of an array within the structure."""
        field = getattr(s.Config, name)
        return view(self, addressof(self._c.contents) + field.offset, shape, dtype)

    def _array(self, name: str, shape: Any, dtype: Any = np.float64) -> Optional[np.ndarray]:
        """A view of an array that the structure points to; None where there is none."""
        at = getattr(self._c.contents, name)
        if not at:
            return None
        address = addressof(at.contents)
        memory = _looked_at.get(address)
        if memory is None:
            memory = _looked_at[address] = _Memory(self._owner, address)
        return view(memory, address, shape, dtype)

    def _let_go(self, *names: str) -> None:
        """Before arrays are freed or replaced: those that have views belong to these from now on."""
        for name in names:
            at = getattr(self._c.contents, name)
            memory = _looked_at.pop(addressof(at.contents), None) if at else None
            if memory is not None:
                memory.retired = True
                setattr(self._c.contents, name, type(at)())

    def _set_array(self, name: str, values: Any, dtype: Any) -> None:
        """Copies values[n] into an array, which is made if need be; None takes it away."""
        config, ctype = self._c.contents, dict(s.Config._fields_)[name]._type_
        if values is None:
            self._let_go(name)
            libc.free(getattr(config, name))
            setattr(config, name, POINTER(ctype)())
            return
        values = np.broadcast_to(np.asarray(values, dtype), (config.n,))
        if not getattr(config, name):
            memory = libc.calloc(max(config.n, 1), np.dtype(dtype).itemsize)
            if not memory:
                raise MemoryError
            setattr(config, name, POINTER(ctype)(ctype.from_address(memory)))
        self._array(name, (config.n,), dtype)[:] = values

    @property
    def positions(self) -> np.ndarray:
        """[n, 3] A; a view."""
        return self._array('x', (len(self), 3)) if len(self) else np.zeros((0, 3))

    @positions.setter
    def positions(self, values: Any) -> None:
        self.positions[:] = values

    @property
    def cell(self) -> np.ndarray:
        """[3, 3] A, rows are the lattice vectors, zero where there is none; a view."""
        return self._member('cell', (3, 3))

    @cell.setter
    def cell(self, values: Any) -> None:
        self.cell[:] = values

    @property
    def pbc(self) -> np.ndarray:
        """[3] bool: periodic along lattice vector 0, 1, 2; a view."""
        return self._member('periodic', (3,), np.bool_)

    @pbc.setter
    def pbc(self, values: Any) -> None:
        self.pbc[:] = values

    @property
    def species(self) -> np.ndarray:
        """[n] int: indices into `names`; a view."""
        return self._array('species', (len(self),), np.int32) if len(self) else np.zeros(0, np.int32)

    @property
    def names(self) -> List[str]:
        """The species table of the set that the configuration is in."""
        return self._owner.species

    @property
    def symbols(self) -> List[str]:
        """[n] element of each atom (or a number as text, where a file has no elements)."""
        names = self.names
        return [names[k] for k in self.species]

    @symbols.setter
    def symbols(self, symbols: Sequence[str]) -> None:
        if isinstance(symbols, str):  # each of its letters would be an element
            raise Error('a list of symbols is expected, not %r' % symbols)
        if len(symbols) != len(self):
            raise Error('%d symbols for %d atoms' % (len(symbols), len(self)))
        number = {name: self._owner._species_number(name) for name in dict.fromkeys(symbols)}
        self.species[:] = [number[name] for name in symbols]

    @property
    def volume(self) -> float:
        """A^3; 0 unless there are three lattice vectors."""
        return lib.mtp_config_volume(self._c)

    def smallest_distance(self, cutoff: float) -> float:
        """Of two atoms, A; infinite if no two are within the cutoff."""
        distance = s.c_double()
        call(lib.mtp_config_smallest_distance, self._c, cutoff, byref(distance))
        return distance.value

    # ---- label or prediction ----

    @property
    def energy(self) -> Optional[float]:
        """eV; what the forces are the gradient of. None if it is not known."""
        return self._c.contents.energy if self._c.contents.has_energy else None

    @energy.setter
    def energy(self, value: Optional[float]) -> None:
        self._c.contents.has_energy = value is not None
        self._c.contents.energy = 0.0 if value is None else value

    @property
    def forces(self) -> Optional[np.ndarray]:
        """[n, 3] eV/A, a view, or None."""
        return self._array('force', (len(self), 3))

    @forces.setter
    def forces(self, values: Any) -> None:
        if values is None:
            self._set_array('force', None, float)
            return
        values = np.asarray(values, float)
        if values.shape != (len(self), 3):
            raise Error('%d atoms, but forces of the shape %s' % (len(self), values.shape))
        call(lib.mtp_config_require_force, self._c)
        self._array('force', values.shape)[:] = values

    @property
    def virial(self) -> Optional[np.ndarray]:
        """[6] eV, xx yy zz xy xz yz, positive under compression; a view, or None."""
        return self._member('virial', (6,)) if self._c.contents.has_virial else None

    @virial.setter
    def virial(self, values: Any) -> None:
        self._c.contents.has_virial = values is not None
        if values is not None:
            self._member('virial', (6,))[:] = values

    @property
    def stress(self) -> Optional[np.ndarray]:
        """[6] eV/A^3 as in ASE: xx yy zz yz xz xy, positive under tension; None without a virial or a volume."""
        if not self._c.contents.has_virial or self.volume == 0:
            return None
        return -self.virial[_VOIGT] / self.volume

    @stress.setter
    def stress(self, values: Any) -> None:
        if values is not None and self.volume == 0:
            raise Error('a configuration without a volume has no stress')
        self.virial = None if values is None else -voigt(values)[_VOIGT] * self.volume

    @property
    def energies(self) -> Optional[np.ndarray]:
        """[n] site energies, eV; a view, or None."""
        return self._array('site_energy', (len(self),))

    @property
    def grades(self) -> Optional[np.ndarray]:
        """[n] extrapolation grades of the atoms; a view, or None."""
        return self._array('grade', (len(self),))

    @property
    def max_grade(self) -> Optional[float]:
        """Grade of the configuration, or None."""
        return self._c.contents.max_grade if self._c.contents.has_max_grade else None

    @property
    def force_errors(self) -> Optional[np.ndarray]:
        """[n] errors to expect of the forces on the atoms, RMS of a component, eV/A; a view, or None."""
        return self._array('force_error', (len(self),))

    @property
    def charges(self) -> Optional[np.ndarray]:
        """[n] charges of ions that a baseline takes, e; a view, or None."""
        return self._array('charge', (len(self),))

    @charges.setter
    def charges(self, values: Any) -> None:
        self._set_array('charge', values, np.float64)

    @property
    def force_mask(self) -> Optional[np.ndarray]:
        """[n] 1: the force on this atom is left out of training and errors; a view, or None."""
        return self._array('force_mask', (len(self),), np.uint8)

    @force_mask.setter
    def force_mask(self, values: Any) -> None:
        self._set_array('force_mask', values, np.uint8)

    @property
    def features(self) -> Dict[str, str]:
        """Keys of the file that have no field of their own, as text; a copy (set_feature changes one)."""
        config = self._c.contents
        return {config.features[k].key.decode(errors='replace'): config.features[k].value.decode(errors='replace')
                for k in range(config.feature_count)}

    def set_feature(self, key: str, value: str) -> None:
        """Adds a key, or replaces its value: config_weight, group, ..."""
        call(lib.mtp_config_set_feature, self._c, key.encode(), str(value).encode())


def _new_in(owner: 'Configurations', n: int) -> Any:
    config = lib.mtp_config_new(n)
    if not config:
        raise MemoryError
    call(lib.mtp_config_set_append, owner, config)
    return owner, config


Source = Union[Configuration, Any]  # Any: Atoms of ASE


class Configurations(Handle, abc.Sequence):
    """Configurations that share one species table: a training set, a trajectory.

    Made of nothing, or of copies of configurations and Atoms of ASE. A slice or a list of numbers gives copies, one
    number a view.
    """

    def __init__(self, configurations: Iterable[Source] = ()):
        self._adopt(lib.mtp_config_set_new())
        self.extend(configurations)

    def _adopt(self, pointer_to_set: Any) -> None:
        if not pointer_to_set:
            raise MemoryError
        self._c = pointer_to_set
        self._as_parameter_ = pointer_to_set
        self._finalizer = weakref.finalize(self, lib.mtp_config_set_free, pointer_to_set)

    @classmethod
    def _of(cls, pointer_to_set: Any) -> 'Configurations':
        self = cls.__new__(cls)
        self._adopt(pointer_to_set)
        return self

    @classmethod
    def read(cls, path: PathLike, format: Optional[str] = None, *, keys: Optional[Dict[str, str]] = None,
             whole_records: bool = True) -> 'Configurations':
        """Reads all configurations of a file, which may be compressed by gzip.

        format: 'extxyz', 'cfg', 'poscar', 'outcar', 'vasprun', 'lammps-data', 'lammps-dump'; by content without one.
        keys: other names of labels in extended XYZ: {'energy': 'REF_energy', 'forces': 'REF_forces'}; also virial and
        stress; '' leaves one out. whole_records: a last record that was cut short is left out with a warning.
        """
        named = dict(keys or {})
        options = s.ReadOptions(format=_format_number(format), whole_records=whole_records)
        for key in ('energy', 'forces', 'virial', 'stress'):
            if key in named:
                setattr(options.keys, key, named.pop(key).encode())
        if named:
            raise Error('keys: energy, forces, virial and stress are known, not %s' % ', '.join(named))
        out = SET()
        call(lib.mtp_config_set_read, encode(path), byref(options), byref(out))
        return cls._of(out)

    def write(self, path: PathLike, format: Optional[str] = None) -> None:
        """Writes all of them, without loss, in place of what was there; the name tells the format without one."""
        call(lib.mtp_config_set_write, self._c, encode(path), _format_number(format))

    @property
    def species(self) -> List[str]:
        """The species table: element names or, where a file has none, numbers as text."""
        return [self._c.contents.names[k].decode() for k in range(self._c.contents.species_count)]

    def _species_number(self, name: str) -> int:
        number = lib.mtp_config_set_species(self._c, str(name).encode())
        if number < 0:
            raise MemoryError
        return number

    def map_species(self, names: Sequence[str]) -> None:
        """Renumbers all species so that the table becomes `names`, which has to have those that occur."""
        call(lib.mtp_config_set_map_species, self._c, len(names), texts(names))

    def append(self, source: Source) -> None:
        """Appends a copy of a configuration, or of Atoms of ASE."""
        if not isinstance(source, Configuration):
            if not hasattr(source, 'get_chemical_symbols'):
                raise Error('a Configuration or Atoms of ASE is expected, not %s' % type(source).__name__)
            source = Configuration.from_ase(source)
        copy = lib.mtp_config_copy(source._c)
        if not copy:
            raise MemoryError
        numbers = [self._species_number(name) for name in source.names]
        call(lib.mtp_config_set_append, self._c, copy)
        species = Configuration._of(self, copy).species
        if len(species):
            species[:] = np.array(numbers, np.int32)[species]

    def extend(self, sources: Iterable[Source]) -> None:
        """Appends copies of all of them."""
        for source in list(sources):
            self.append(source)

    def copy(self) -> 'Configurations':
        return Configurations(self)

    def to_ase(self) -> List[Any]:
        return [configuration.to_ase() for configuration in self]

    def __len__(self) -> int:
        return self._c.contents.n

    @overload
    def __getitem__(self, index: int) -> Configuration: ...

    @overload
    def __getitem__(self, index: Union[slice, Sequence[int]]) -> 'Configurations': ...

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            index = range(*index.indices(len(self)))
        if not isinstance(index, (int, np.integer)):  # nothing has no kind of its own
            numbers = np.asarray(index) if len(index) else np.zeros(0, int)
            return Configurations(self[int(k)] for k in np.arange(len(self))[numbers])
        number = int(index) + (len(self) if index < 0 else 0)
        if not 0 <= number < len(self):
            raise IndexError('configuration %d of %d' % (index, len(self)))
        # a pointer of its own: that in the table moves when the table grows
        return Configuration._of(self, pointer(self._c.contents.configs[number].contents))

    def __iter__(self) -> Iterator[Configuration]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        return 'Configurations(%d of %s)' % (len(self), ', '.join(self.species))


def as_configurations(source: Any) -> Configurations:
    """What was handed in as a set: itself, or copies of one or several configurations or Atoms of ASE."""
    if isinstance(source, Configurations):
        return source
    if isinstance(source, (str, os.PathLike)):
        return Configurations.read(source)
    if isinstance(source, Configuration) or hasattr(source, 'get_chemical_symbols'):
        return Configurations([source])
    return Configurations(source)


def read(path: PathLike, format: Optional[str] = None, **options: Any) -> Configurations:
    """Configurations.read"""
    return Configurations.read(path, format, **options)


def write(path: PathLike, configurations: Any, format: Optional[str] = None) -> None:
    """Writes configurations or Atoms of ASE to a file; see Configurations.write."""
    as_configurations(configurations).write(path, format)
