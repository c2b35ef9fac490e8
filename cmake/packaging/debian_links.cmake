# SPDX-License-Identifier: GPL-2.0-or-later
# Run by cpack before it packs: what is found without an environment. No name here is one of Debian's lammps.
set(usr ${CPACK_TEMPORARY_DIRECTORY}/usr)
foreach(folder bin share/man/man1 lib/python3/dist-packages share/doc)
  file(MAKE_DIRECTORY ${usr}/${folder})
endforeach()
file(CREATE_LINK ${CPACK_INSTALL_PREFIX}/bin/mtp ${usr}/bin/mtp SYMBOLIC)
file(CREATE_LINK ${CPACK_INSTALL_PREFIX}/bin/lmp ${usr}/bin/lmp-mtp SYMBOLIC)
file(CREATE_LINK ${CPACK_INSTALL_PREFIX}/lib/python3/dist-packages/mtp ${usr}/lib/python3/dist-packages/mtp SYMBOLIC)
file(CREATE_LINK ${CPACK_INSTALL_PREFIX}/share/doc/mtpal ${usr}/share/doc/mtpal SYMBOLIC)
file(GLOB pages RELATIVE ${CPACK_TEMPORARY_DIRECTORY}${CPACK_INSTALL_PREFIX}/share/man/man1
     ${CPACK_TEMPORARY_DIRECTORY}${CPACK_INSTALL_PREFIX}/share/man/man1/*)
foreach(page IN LISTS pages)
  file(CREATE_LINK ${CPACK_INSTALL_PREFIX}/share/man/man1/${page} ${usr}/share/man/man1/${page} SYMBOLIC)
endforeach()
