# SPDX-License-Identifier: GPL-2.0-or-later
# MTP_BUNDLE_LAMMPS: what is installed is complete and can be moved. lmp lies beside its library in lib/lammps (the
# loader looks there: $ORIGIN); bin/lmp sets what LAMMPS looks for in the environment and starts it. env.sh and a module
# file do for a shell what build/env.sh does in the build tree.

option(MTP_BUNDLE_LAMMPS "Install LAMMPS itself, with its potentials and Python module, and files for the environment" OFF)
if(NOT MTP_BUNDLE_LAMMPS)
  return()
endif()
if(NOT TARGET mtpplugin OR NOT LAMMPS_LIBRARY MATCHES "\\.so" OR NOT LAMMPS_EXECUTABLE)
  message(FATAL_ERROR "MTP_BUNDLE_LAMMPS needs a LAMMPS with lmp and liblammps.so (-D LAMMPS_SOURCE_DIR=...)")
endif()

set(lammps_dir ${CMAKE_INSTALL_LIBDIR}/lammps)
set(MTP_DATA_DIR ${CMAKE_INSTALL_DATADIR}/mtpal)
get_filename_component(lammps_root ${LAMMPS_SOURCE_DIR}/.. ABSOLUTE)

# Under the name that programs were linked with, whatever the file is called.
get_filename_component(lammps_library ${LAMMPS_LIBRARY} REALPATH)
get_filename_component(lammps_folder ${lammps_library} DIRECTORY)
get_filename_component(lammps_executable ${LAMMPS_EXECUTABLE} REALPATH)
execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${lammps_library} OUTPUT_VARIABLE dynamic ERROR_QUIET)
if(NOT dynamic MATCHES "SONAME +([^ \n]+)")
  message(FATAL_ERROR "${lammps_library} has no SONAME (objdump -p)")
endif()
set(lammps_soname ${CMAKE_MATCH_1})
install(PROGRAMS ${lammps_library} DESTINATION ${lammps_dir} RENAME ${lammps_soname})
install(PROGRAMS ${lammps_executable} DESTINATION ${lammps_dir} RENAME lmp)
set(MTP_INSTALLED_LMP "\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${lammps_dir}/lmp")
configure_file(${PROJECT_SOURCE_DIR}/cmake/packaging/origin.cmake.in origin.cmake @ONLY)
install(SCRIPT ${PROJECT_BINARY_DIR}/origin.cmake)

set(MTP_POTENTIALS_DIR ${MTP_DATA_DIR}/potentials)
if(IS_DIRECTORY ${lammps_root}/potentials)
  install(DIRECTORY ${lammps_root}/potentials DESTINATION ${MTP_DATA_DIR} PATTERN "*.py" EXCLUDE)
endif()
if(EXISTS ${lammps_root}/LICENSE)
  install(FILES ${lammps_root}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.lammps)
endif()
if(EXISTS ${lammps_root}/python/lammps/__init__.py)
  install(DIRECTORY ${lammps_root}/python/lammps DESTINATION ${MTP_PYTHON_DIR}
          FILES_MATCHING PATTERN "*.py" PATTERN __pycache__ EXCLUDE)
  file(RELATIVE_PATH link /${MTP_PYTHON_DIR}/lammps /${lammps_dir}/${lammps_soname})
  install(CODE "file(CREATE_LINK ${link}
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${MTP_PYTHON_DIR}/lammps/liblammps.so\" SYMBOLIC)")
endif()

# What is linked from places that the loader does not look into.
set(unusual_places)
foreach(library IN LISTS MTP_DEPENDENCY_LIBRARIES MPI_CXX_LIBRARIES)
  get_filename_component(folder ${library} DIRECTORY)
  if(folder AND NOT folder IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES)
    list(APPEND unusual_places ${folder})
  endif()
endforeach()
file(RELATIVE_PATH MTP_LIB_FROM_BIN /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
set_target_properties(mtp PROPERTIES INSTALL_RPATH_USE_LINK_PATH OFF
                      INSTALL_RPATH "$ORIGIN/${MTP_LIB_FROM_BIN}/lammps;${unusual_places}")

foreach(name lmp mpiexec)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/packaging/${name}.sh.in packaging/${name} @ONLY)
  install(PROGRAMS ${PROJECT_BINARY_DIR}/packaging/${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
endforeach()
# Both know where they are; the folder that they were installed in is for shells that cannot tell.
set(MTP_INSTALLED_IN "@MTP_INSTALLED_IN@")
foreach(name env.sh modulefile)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/packaging/${name}.in packaging/${name}.in @ONLY)
endforeach()
install(CODE "
  set(MTP_INSTALLED_IN \${CMAKE_INSTALL_PREFIX})
  set(root \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}\")
  configure_file(${PROJECT_BINARY_DIR}/packaging/env.sh.in \${root}/env.sh @ONLY)
  configure_file(${PROJECT_BINARY_DIR}/packaging/modulefile.in \${root}/${CMAKE_INSTALL_DATADIR}/modulefiles/mtpal/${PROJECT_VERSION} @ONLY)")
