# SPDX-License-Identifier: GPL-2.0-or-later
# Manual pages of the command and its subcommands, made from their --help while building. They lie where man looks for
# the pages of a command that is on the PATH.

# mtp_add_man_pages(<subcommand>...)
function(mtp_add_man_pages)
  set(folder ${PROJECT_BINARY_DIR}/share/man/man1)
  set(script ${PROJECT_SOURCE_DIR}/cmake/man-page.sh)
  file(MAKE_DIRECTORY ${folder})
  set(pages "")
  foreach(subcommand IN ITEMS "" LISTS ARGN)
    set(page ${folder}/mtp.1)
    if(subcommand)
      set(page ${folder}/mtp-${subcommand}.1)
    endif()
    add_custom_command(OUTPUT ${page} COMMAND sh ${script} $<TARGET_FILE:mtp> ${page} ${subcommand}
                       DEPENDS mtp ${script} VERBATIM)
    list(APPEND pages ${page})
  endforeach()
  add_custom_target(mtp-man-pages ALL DEPENDS ${pages})
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT man)
endfunction()
