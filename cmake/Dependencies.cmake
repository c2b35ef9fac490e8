# SPDX-License-Identifier: GPL-2.0-or-later
# The libraries that libmtpal uses, collected in mtp-dependencies. Full paths rather than -l: several BLAS libraries live
# side by side on most machines, and the one that was found is the one to link.

find_package(PkgConfig REQUIRED)

add_library(mtp-dependencies INTERFACE)
set(MTP_DEPENDENCY_LIBRARIES)

# mtp_require(<variable> <library> <header> <pkg-config names...>): pkg-config if it knows, else the usual places.
function(mtp_require variable library header)
  pkg_search_module(${variable}_PC QUIET ${ARGN})
  find_library(${variable}_LIBRARY NAMES ${library} HINTS ${${variable}_PC_LIBRARY_DIRS})
  find_path(${variable}_INCLUDE_DIR NAMES ${header} HINTS ${${variable}_PC_INCLUDE_DIRS})
  if(NOT ${variable}_LIBRARY OR NOT ${variable}_INCLUDE_DIR)
    message(FATAL_ERROR "lib${library} with its header ${header} is missing; "
                        "give ${variable}_LIBRARY and ${variable}_INCLUDE_DIR if it is in an unusual place")
  endif()
  mark_as_advanced(${variable}_LIBRARY ${variable}_INCLUDE_DIR)
  target_include_directories(mtp-dependencies SYSTEM INTERFACE $<BUILD_INTERFACE:${${variable}_INCLUDE_DIR}>)
  target_link_libraries(mtp-dependencies INTERFACE ${${variable}_LIBRARY})
  set(MTP_DEPENDENCY_LIBRARIES ${MTP_DEPENDENCY_LIBRARIES} ${${variable}_LIBRARY} PARENT_SCOPE)
endfunction()

mtp_require(OPENBLAS openblas cblas.h openblas)
mtp_require(LAPACKE lapacke lapacke.h lapacke)
mtp_require(LIBXML2 xml2 libxml/parser.h libxml-2.0)
mtp_require(ZLIB z zlib.h zlib)
mtp_require(CJSON cjson cjson/cJSON.h libcjson cjson)
target_link_libraries(mtp-dependencies INTERFACE m ${CMAKE_DL_LIBS})

find_package(Threads REQUIRED)
target_link_libraries(mtp-dependencies INTERFACE Threads::Threads)
