# SPDX-License-Identifier: GPL-2.0-or-later
# cmake --install: libraries, headers, pkg-config and CMake package files, the command, and the plugin.

include(CMakePackageConfigHelpers)

install(TARGETS mtp-static mtp-shared EXPORT mtpalTargets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/lib/include/mtp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
if(TARGET mtp)
  install(TARGETS mtp)
endif()
if(TARGET mtpplugin)
  install(TARGETS mtpplugin LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/lammps/plugins)
endif()
# The Python package looks for the library beside itself.
set(MTP_PYTHON_DIR lib/python3/dist-packages CACHE STRING "Where the Python package is installed, under the prefix")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/lib/python/mtp DESTINATION ${MTP_PYTHON_DIR}
        FILES_MATCHING PATTERN "*.py" PATTERN py.typed PATTERN __pycache__ EXCLUDE)
file(RELATIVE_PATH library ${CMAKE_INSTALL_PREFIX}/${MTP_PYTHON_DIR}/mtp
     ${CMAKE_INSTALL_FULL_LIBDIR}/$<TARGET_SONAME_FILE_NAME:mtp-shared>)
install(CODE "file(CREATE_LINK ${library} \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${MTP_PYTHON_DIR}/mtp/libmtpal.so\" SYMBOLIC)")
# Documents and examples in the places of the source tree, so that links between them lead somewhere.
foreach(folder lib/doc pair_mtp/doc)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/${folder})
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DOCDIR} USE_SOURCE_PERMISSIONS
        PATTERN __pycache__ EXCLUDE)
foreach(page README.md CHANGELOG.md CONTRIBUTING.md)
  install(FILES ${PROJECT_SOURCE_DIR}/${page} DESTINATION ${CMAKE_INSTALL_DOCDIR})
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/lib/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.libmtpal)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mtpal)
install(EXPORT mtpalTargets NAMESPACE mtpal:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/mtpalConfig.cmake.in mtpalConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(mtpalConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mtpalConfig.cmake ${PROJECT_BINARY_DIR}/mtpalConfigVersion.cmake
        DESTINATION ${package_dir})

# Relative to the file, so that it is right wherever `cmake --install --prefix` puts it.
file(RELATIVE_PATH MTP_PREFIX_FROM_PC ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REPLACE ";" " " MTP_PRIVATE_LIBRARIES "${MTP_DEPENDENCY_LIBRARIES}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/mtpal.pc.in mtpal.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/mtpal.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
