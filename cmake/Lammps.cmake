# SPDX-License-Identifier: GPL-2.0-or-later
# Finds LAMMPS: headers for the plugin, and the library and program if there are any for mtp and the tests.

set(LAMMPS_SOURCE_DIR "" CACHE PATH "The src folder of LAMMPS; empty: no plugin")
string(CONCAT no_packaged_lammps
       "The LAMMPS packages of Debian and Ubuntu can load no plugin: they are built without PKG_PLUGIN. "
       "`./bootstrap build --prefix DIR` makes a complete installation with one that can")
if(NOT LAMMPS_SOURCE_DIR)
  message(STATUS "LAMMPS_SOURCE_DIR is not given: building libmtpal, mtp and the unit tests without LAMMPS. "
                 "${no_packaged_lammps}")
  return()
endif()
if(NOT TARGET mtp-mpi)
  message(FATAL_ERROR "The plugin needs the MPI that LAMMPS was built with; -D MPI_CXX_COMPILER=... names it")
endif()
get_filename_component(LAMMPS_SOURCE_DIR "${LAMMPS_SOURCE_DIR}" ABSOLUTE)
if(NOT EXISTS "${LAMMPS_SOURCE_DIR}/version.h" OR NOT EXISTS "${LAMMPS_SOURCE_DIR}/lammpsplugin.h")
  message(FATAL_ERROR "LAMMPS_SOURCE_DIR=${LAMMPS_SOURCE_DIR} is not the src folder of a LAMMPS that can load plugins "
                      "(version.h and lammpsplugin.h)")
endif()

# "4 Feb 2025" -> 20250204
file(STRINGS "${LAMMPS_SOURCE_DIR}/version.h" line REGEX "#define +LAMMPS_VERSION +\"")
if(NOT line MATCHES "\"([0-9]+) ([A-Z][a-z][a-z])[a-z]* ([0-9]+)")
  message(FATAL_ERROR "${LAMMPS_SOURCE_DIR}/version.h holds no version like \"4 Feb 2025\": ${line}")
endif()
set(day ${CMAKE_MATCH_1})
set(month ${CMAKE_MATCH_2})
set(year ${CMAKE_MATCH_3})
set(months Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec)
list(FIND months ${month} month)
math(EXPR LAMMPS_VERSION_NUMBER "${year} * 10000 + (${month} + 1) * 100 + ${day}")

set(places "${LAMMPS_SOURCE_DIR}" "${LAMMPS_SOURCE_DIR}/.." "${LAMMPS_SOURCE_DIR}/../build")
if(LAMMPS_LIBRARY) # next to a library that was named
  get_filename_component(folder "${LAMMPS_LIBRARY}" DIRECTORY)
  set(places "${folder}" ${places})
endif()
# A new LAMMPS_SOURCE_DIR means a new library and a new program.
if(NOT "${LAMMPS_SOURCE_DIR}" STREQUAL "${MTP_LAMMPS_SEARCHED}")
  if(MTP_LAMMPS_SEARCHED)
    unset(LAMMPS_LIBRARY CACHE)
    unset(LAMMPS_EXECUTABLE CACHE)
  endif()
  set(MTP_LAMMPS_SEARCHED "${LAMMPS_SOURCE_DIR}" CACHE INTERNAL "")
endif()
find_library(LAMMPS_LIBRARY NAMES lammps lammps_mpi PATHS ${places} NO_DEFAULT_PATH DOC "The LAMMPS library")
find_program(LAMMPS_EXECUTABLE NAMES lmp lmp_mpi PATHS ${places} PATH_SUFFIXES ../bin NO_DEFAULT_PATH
             DOC "The LAMMPS program")

# Classes in the headers change with the size of atom IDs, so ours must be what LAMMPS was compiled with.
foreach(place IN LISTS places)
  if(NOT DEFINED LAMMPS_SIZES AND EXISTS "${place}/CMakeCache.txt")
    file(STRINGS "${place}/CMakeCache.txt" line REGEX "^LAMMPS_SIZES:" LIMIT_COUNT 1)
    string(REGEX REPLACE ".*=" "" LAMMPS_SIZES "${line}")
  endif()
endforeach()
if(NOT LAMMPS_SIZES)
  set(LAMMPS_SIZES smallbig)
endif()
string(TOUPPER "LAMMPS_${LAMMPS_SIZES}" sizes_definition)

if(LAMMPS_LIBRARY MATCHES "\\.so" AND CMAKE_OBJDUMP)
  execute_process(COMMAND ${CMAKE_OBJDUMP} -T "${LAMMPS_LIBRARY}" OUTPUT_VARIABLE symbols ERROR_QUIET)
  if(symbols AND NOT symbols MATCHES "plugin_load")
    message(FATAL_ERROR "${LAMMPS_LIBRARY} was built without PKG_PLUGIN. ${no_packaged_lammps}")
  endif()
endif()

# Loading two MPI libraries into one process ends in crashes that nobody can explain.
if(LAMMPS_LIBRARY AND CMAKE_OBJDUMP)
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p "${LAMMPS_LIBRARY}" OUTPUT_VARIABLE needed ERROR_QUIET)
  if((needed MATCHES "NEEDED +libmpi\\.so" AND MTP_MPI_IS_MPICH) OR
     (needed MATCHES "NEEDED +libmpich\\.so" AND NOT MTP_MPI_IS_MPICH))
    message(FATAL_ERROR "${LAMMPS_LIBRARY} was built with another MPI than ${MPI_CXX_COMPILER}; "
                        "name its compiler wrapper with -D MPI_CXX_COMPILER=...")
  endif()
endif()

add_library(mtp-lammps-headers INTERFACE)
target_include_directories(mtp-lammps-headers SYSTEM INTERFACE "${LAMMPS_SOURCE_DIR}")
target_compile_definitions(mtp-lammps-headers INTERFACE
                           LAMMPS_VERSION_NUMBER=${LAMMPS_VERSION_NUMBER} ${sizes_definition})
target_link_libraries(mtp-lammps-headers INTERFACE mtp-mpi-headers)

message(STATUS "LAMMPS ${LAMMPS_VERSION_NUMBER} (${LAMMPS_SIZES}) in ${LAMMPS_SOURCE_DIR}")
if(NOT LAMMPS_LIBRARY)
  message(STATUS "No LAMMPS library found (-D LAMMPS_LIBRARY=...): mtp is built without the lammps driver")
endif()
if(NOT LAMMPS_EXECUTABLE)
  message(STATUS "No lmp found (-D LAMMPS_EXECUTABLE=...): the tests that run LAMMPS are left out")
endif()
