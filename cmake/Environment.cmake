# SPDX-License-Identifier: GPL-2.0-or-later
# build/env.sh, and in build/bin what makes `lmp` and `mpiexec` mean the ones that belong together.

set(MTP_BIN_DIR ${PROJECT_BINARY_DIR}/bin)
file(MAKE_DIRECTORY ${MTP_BIN_DIR})

set(MTP_LAMMPS_ENVIRONMENT "")
set(MTP_PYTHON_PATH ${PROJECT_SOURCE_DIR}/lib/python)
file(REMOVE ${MTP_BIN_DIR}/lmp ${MTP_BIN_DIR}/mpiexec)
if(TARGET mtp-lammps-headers)
  set(MTP_LAMMPS_ENVIRONMENT "export LAMMPS_PLUGIN_PATH='${PROJECT_BINARY_DIR}/plugin'\n")
  get_filename_component(potentials ${LAMMPS_SOURCE_DIR}/../potentials ABSOLUTE)
  if(IS_DIRECTORY ${potentials})
    string(APPEND MTP_LAMMPS_ENVIRONMENT "export LAMMPS_POTENTIALS='${potentials}'\n")
  endif()
  get_filename_component(python ${LAMMPS_SOURCE_DIR}/../python ABSOLUTE)
  if(EXISTS ${python}/lammps/__init__.py)
    string(APPEND MTP_PYTHON_PATH ":${python}")
  endif()
  if(LAMMPS_EXECUTABLE)
    file(CREATE_LINK ${LAMMPS_EXECUTABLE} ${MTP_BIN_DIR}/lmp SYMBOLIC)
  endif()
endif()
if(MPIEXEC_EXECUTABLE)
  string(APPEND MTP_LAMMPS_ENVIRONMENT "export MPIEXEC='${MPIEXEC_EXECUTABLE}'\n")
  # Not a link: MPICH's launcher looks for its helpers beside the name it was called by.
  file(WRITE ${MTP_BIN_DIR}/mpiexec "#!/bin/sh\nexec '${MPIEXEC_EXECUTABLE}' \"$@\"\n")
  file(CHMOD ${MTP_BIN_DIR}/mpiexec PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                                                WORLD_READ WORLD_EXECUTE)
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/env.sh.in ${PROJECT_BINARY_DIR}/env.sh @ONLY)
