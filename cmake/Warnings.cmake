# SPDX-License-Identifier: GPL-2.0-or-later
# Warnings and run-time checks, for everything that is compiled here.

option(MTP_WERROR "Treat compiler warnings as errors" OFF)
option(MTP_SANITIZE "Compile with address and undefined-behaviour checks" OFF)

add_compile_options(-Wall -Wextra -Wpedantic)
if(MTP_WERROR)
  add_compile_options(-Werror)
endif()
if(MTP_SANITIZE)
  set(checks -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_options(${checks} -g -O1 -UNDEBUG)
  add_link_options(${checks})
endif()
