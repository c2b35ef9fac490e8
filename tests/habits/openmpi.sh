#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# openmpi.sh [FOLDER]: the library and mtp with Open MPI, and the tests of mtp on ranks. The plugin is for the MPI that
# LAMMPS was built with, so it is left out.
. "$(dirname "$0")/_lib.sh"
need 'libopenmpi-dev openmpi-bin' mpicxx.openmpi mpiexec.openmpi
[ -e "$(mpicxx.openmpi --showme:incdirs | cut -d ' ' -f 1)/mpi.h" ] || die 'on Debian: apt-get install libopenmpi-dev'
unset LAMMPS_SOURCE_DIR
targets="mtp mtp-shared"
build -D "MPI_CXX_COMPILER=$(command -v mpicxx.openmpi)" -D "MPIEXEC_EXECUTABLE=$(command -v mpiexec.openmpi)" -D MTP_WERROR=on
# more ranks than cores, as root in a container (Open MPI 4 and 5)
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=true \
  OMPI_MCA_mpi_yield_when_idle=1 \
  PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
check '^cli\.(ranks|train|training)$'
