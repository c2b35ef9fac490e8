# SPDX-License-Identifier: GPL-2.0-or-later
# MPI for the plugin and for mtp. It must be the one LAMMPS was built with. MPICH and Open MPI often share a machine, and
# mpicxx then is either, so MPICH is asked for by the name that only it has; -D MPI_CXX_COMPILER chooses another.

# MPI libraries leak by design, which would drown our own leaks, and the hooks of UCX crash under ThreadSanitizer.
if(MTP_SANITIZE OR CMAKE_C_FLAGS MATCHES "-fsanitize=")
  return()
endif()

if(NOT MPI_CXX_COMPILER)
  if(CMAKE_CROSSCOMPILING)
    message(STATUS "No MPI for another processor (-D MPI_CXX_COMPILER=...): mtp is built serial, the plugin is not built")
    return()
  endif()
  find_program(MTP_MPICXX NAMES mpicxx.mpich mpicxx-mpich-mp mpicxx)
  mark_as_advanced(MTP_MPICXX)
  if(NOT MTP_MPICXX)
    message(STATUS "No MPI found: mtp is built serial, the plugin is not built")
    return()
  endif()
  set(MPI_CXX_COMPILER ${MTP_MPICXX} CACHE FILEPATH "The C++ compiler wrapper of the MPI that LAMMPS was built with")
  set(chosen_here ON)
endif()
if(NOT MPIEXEC_EXECUTABLE)
  # The launcher that belongs to a wrapper lies in the same folder and has the same suffix. A plain mpicxx may be a link
  # to one with a suffix; one with a suffix may be a link to something with quite another name.
  get_filename_component(folder ${MPI_CXX_COMPILER} DIRECTORY)
  get_filename_component(target ${MPI_CXX_COMPILER} REALPATH)
  set(launchers)
  foreach(wrapper ${target} ${MPI_CXX_COMPILER})
    if(wrapper MATCHES "mpi(cxx|c\\+\\+|CC)([^/]*)$")
      list(APPEND launchers mpiexec${CMAKE_MATCH_2})
    endif()
  endforeach()
  find_program(MPIEXEC_EXECUTABLE NAMES ${launchers} mpiexec HINTS ${folder})
endif()

set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI REQUIRED COMPONENTS CXX)

include(CheckCXXSymbolExists)
set(CMAKE_REQUIRED_INCLUDES ${MPI_CXX_INCLUDE_DIRS})
set(CMAKE_REQUIRED_DEFINITIONS -DMPICH_SKIP_MPICXX -DOMPI_SKIP_MPICXX)
check_cxx_symbol_exists(MPICH_VERSION mpi.h MTP_MPI_IS_MPICH)
unset(CMAKE_REQUIRED_INCLUDES)
unset(CMAKE_REQUIRED_DEFINITIONS)
if(chosen_here AND LAMMPS_SOURCE_DIR AND NOT MTP_MPI_IS_MPICH)
  unset(MPI_CXX_COMPILER CACHE)
  unset(MTP_MPI_IS_MPICH CACHE)
  message(FATAL_ERROR "${MTP_MPICXX} is not MPICH's; install MPICH, or say with -D MPI_CXX_COMPILER=... which MPI "
                      "LAMMPS was built with")
endif()

# Headers only: the plugin takes the functions from the program that loads it.
add_library(mtp-mpi-headers INTERFACE)
target_include_directories(mtp-mpi-headers SYSTEM INTERFACE ${MPI_CXX_INCLUDE_DIRS})
target_compile_definitions(mtp-mpi-headers INTERFACE MPICH_SKIP_MPICXX OMPI_SKIP_MPICXX)
add_library(mtp-mpi INTERFACE)
target_link_libraries(mtp-mpi INTERFACE mtp-mpi-headers ${MPI_CXX_LIBRARIES})
