# SPDX-License-Identifier: GPL-2.0-or-later
# `cpack` in a build folder with MTP_BUNDLE_LAMMPS: a .deb of that installation. It lies in /opt/mtpal, so that it can be
# there beside Debian's lammps, with links in /usr for what is to be found without an environment.

if(NOT MTP_BUNDLE_LAMMPS)
  return()
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mtpal)
set(CPACK_PACKAGE_CONTACT "${PROJECT_NAME} <${PROJECT_NAME}@localhost>" CACHE STRING "Who made the package")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "moment tensor potentials that learn while LAMMPS runs")
set(CPACK_PACKAGE_DESCRIPTION "LAMMPS with the pair styles mtp and mtp/al, which call a QM engine, learn and go on, \
the command mtp, the library libmtpal and its Python module. Everything is in /opt/mtpal: `. /opt/mtpal/env.sh` puts \
its lmp first on the PATH. The commands mtp and lmp-mtp and the Python module are found without that.")
set(CPACK_STRIP_FILES ON)
# Files that are written while installing, such as env.sh, have to know the folder of the end.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /opt/mtpal)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/packaging/debian_links.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${lammps_folder})
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3, python3-numpy")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "gnuplot-nox, python3-ase, quantum-espresso")
if(MTP_MPI_IS_MPICH)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS mpich) # its mpiexec
endif()
include(CPack)
