# SPDX-License-Identifier: GPL-2.0-or-later
# cmake --install: libraries, headers, pkg-config and CMake package files, the command, and the plugin.

include(CMakePackageConfigHelpers)

install(TARGETS mtp-static mtp-shared EXPORT libmtpTargets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/lib/include/mtp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
if(TARGET mtp)
  install(TARGETS mtp)
endif()
if(TARGET mtpplugin)
  install(TARGETS mtpplugin LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/lammps/plugins)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/lib/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.libmtp)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/libmtp)
install(EXPORT libmtpTargets NAMESPACE libmtp:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/libmtpConfig.cmake.in libmtpConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(libmtpConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/libmtpConfig.cmake ${PROJECT_BINARY_DIR}/libmtpConfigVersion.cmake
        DESTINATION ${package_dir})

# Relative to the file, so that it is right wherever `cmake --install --prefix` puts it.
file(RELATIVE_PATH MTP_PREFIX_FROM_PC ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REPLACE ";" " " MTP_PRIVATE_LIBRARIES "${MTP_DEPENDENCY_LIBRARIES}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/libmtp.pc.in libmtp.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/libmtp.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
