#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Run by conda-build in the source tree. By hand: PREFIX=/some/folder bash cmake/packaging/conda/build.sh
set -euo pipefail
: "${PREFIX:?is set by conda-build}"
python=${PYTHON:-python3}
site=${SP_DIR:-$("$python" -c "import sysconfig; print(sysconfig.get_path('platlib', vars={'platbase': '$PREFIX', 'base': '$PREFIX'}))")}
options=(-D CMAKE_BUILD_TYPE=Release -D CMAKE_INSTALL_PREFIX="$PREFIX" -D CMAKE_PREFIX_PATH="$PREFIX"
  -D CMAKE_INSTALL_LIBDIR=lib -D BUILD_TESTING=off -D "MTP_PYTHON_DIR=${site#"$PREFIX/"}")
[ -z "${LAMMPS_SOURCE_DIR:-}" ] || options+=(-D "LAMMPS_SOURCE_DIR=$LAMMPS_SOURCE_DIR")
# mpicxx of conda is a wrapper around the compiler in CXX
[ ! -x "$PREFIX/bin/mpicxx" ] || options+=(-D "MPI_CXX_COMPILER=$PREFIX/bin/mpicxx")

folder=${BUILD_FOLDER:-build-conda}
# shellcheck disable=SC2086 # CMAKE_ARGS are words
cmake -G 'Unix Makefiles' -S . -B "$folder" ${CMAKE_ARGS:-} "${options[@]}"
cmake --build "$folder" --parallel "${CPU_COUNT:-2}"
cmake --install "$folder"

# What makes LAMMPS find the plugin, and BLAS keep to one thread a rank, for who activates the environment.
mkdir -p "$PREFIX/etc/conda/activate.d"
cat >"$PREFIX/etc/conda/activate.d/mtpal.sh" <<END
export OPENBLAS_NUM_THREADS="\${OPENBLAS_NUM_THREADS:-1}"
if [ -d "\$CONDA_PREFIX/lib/lammps/plugins" ]; then export LAMMPS_PLUGIN_PATH="\$CONDA_PREFIX/lib/lammps/plugins"; fi
END
