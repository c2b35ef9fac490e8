# SPDX-License-Identifier: GPL-2.0-or-later
"""Phonons by finite displacements, of crystals in extended XYZ.

phonons.py crystal NAME OUT            a primitive cell: Ag, Pd (fcc) or AgPd (L1_1)
phonons.py displace CRYSTAL N OUT      supercells of N x N x N cells, an atom of the first cell displaced in each
phonons.py bands CRYSTAL N FORCES OUT  distance along the path and frequencies (THz), from these with forces
phonons.py compare BANDS REFERENCE     RMS and largest difference, % (of the frequencies above a tenth of the highest)
"""
import sys

import numpy as np
from ase import Atoms
from ase.data import atomic_masses
from ase.io import read, write
from ase.units import _amu, _e

STEP = 0.01  # A
THZ = np.sqrt(_e / _amu) * 1e10 / (2 * np.pi) * 1e-12  # of the root of eV/A^2/u
PATH = [(0, 0, 0), (0.5, 0, 0.5), (0.375, 0.375, 0.75), (0, 0, 0), (0.5, 0.5, 0.5)]  # fcc: G X K G L
PATH_L11 = [(0.5, 0.5, 0), (0, 0, 0), (0.5, 0, 0), (0, 0, 0), (0.5, 0.5, 0.5)]
POINTS = 40  # of a leg


def crystal(name):
    half = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
    if name == 'AgPd':  # planes (111) of one kind each
        return Atoms('AgPd', cell=3.98 * (np.ones((3, 3)) + np.eye(3)) / 2,
                     scaled_positions=[(0, 0, 0), (0.5, 0.5, 0.5)], pbc=True)
    return Atoms(name, cell={'Ag': 4.09, 'Pd': 3.89}[name] * half, scaled_positions=[(0, 0, 0)], pbc=True)


def displaced(cell, n):
    """Supercells whose atoms are those of the first cell first, with one of these moved both ways along each axis."""
    big = cell.repeat((n, n, n))
    for atom in range(len(cell)):
        for axis in range(3):
            for sign in (1, -1):
                moved = big.copy()
                moved.positions[atom, axis] += sign * STEP
                yield moved


def force_constants(cell, n, frames):
    """[atom of the first cell, axis, cell R, atom, axis], with the cells' numbers R[k] along the lattice vectors."""
    count = len(cell)
    found = np.empty((count, 3, n ** 3, count, 3))
    for k in range(0, len(frames), 2):
        d = frames[k].get_forces() - frames[k + 1].get_forces()
        found[k // 6, k // 2 % 3] = -d.reshape(n ** 3, count, 3) / (2 * STEP)
    cells = np.array([(i, j, k) for i in range(n) for j in range(n) for k in range(n)])
    return found, cells


def images(cell, n, cells):
    """For pairs of an atom of the first cell and any other one: the nearest of its images, which share the force."""
    shifts = np.array([(i, j, k) for i in (-2, -1, 0, 1, 2) for j in (-2, -1, 0, 1, 2) for k in (-2, -1, 0, 1, 2)]) * n
    x = cell.positions
    for a in range(len(cell)):
        for r, numbers in enumerate(cells):
            for b in range(len(cell)):
                where = numbers + shifts
                length = np.linalg.norm(where @ cell.cell[:] + x[b] - x[a], axis=1)
                yield a, r, b, where[length < length.min() + 1e-3]


def frequencies(cell, n, frames, path):
    constants, cells = force_constants(cell, n, frames)
    pairs = list(images(cell, n, cells))
    mass = atomic_masses[cell.numbers]
    count = len(cell)
    for q in path:
        matrix = np.zeros((count, 3, count, 3), complex)
        for a, r, b, where in pairs:
            matrix[a, :, b] += constants[a, :, r, b] * np.exp(2j * np.pi * where @ q).mean() / np.sqrt(mass[a] * mass[b])
        matrix = matrix.reshape(3 * count, 3 * count)
        square = np.linalg.eigvalsh((matrix + matrix.conj().T) / 2)
        yield np.sign(square) * np.sqrt(abs(square)) * THZ


def path_of(cell):
    corners = np.array(PATH if len(cell) == 1 else PATH_L11, float)
    reciprocal = cell.cell.reciprocal()[:]
    q, distance = [corners[0]], [0.0]
    for start, end in zip(corners, corners[1:]):
        for k in range(1, POINTS + 1):
            q.append(start + (end - start) * k / POINTS)
            distance.append(distance[-1] + np.linalg.norm((q[-1] - q[-2]) @ reciprocal))
    return q, np.array(distance) / distance[-1]


def compare(bands, reference):
    ours, theirs = np.loadtxt(bands)[:, 1:], np.loadtxt(reference)[:, 1:]
    use = theirs > 0.1 * theirs.max()
    apart = 100 * (ours[use] / theirs[use] - 1)
    return f'{np.sqrt((apart ** 2).mean()):.2f} {abs(apart).max():.2f} {ours.min():.4f}'


def main(command, *words):
    if command == 'crystal':
        write(words[1], crystal(words[0]), format='extxyz')
    elif command == 'displace':
        write(words[2], list(displaced(read(words[0]), int(words[1]))), format='extxyz')
    elif command == 'bands':
        cell = read(words[0])
        q, distance = path_of(cell)
        found = frequencies(cell, int(words[1]), read(words[2], ':'), q)
        np.savetxt(words[3], [np.append(d, f) for d, f in zip(distance, found)], fmt='%.6f')
    else:
        print(compare(*words))


main(*sys.argv[1:])
