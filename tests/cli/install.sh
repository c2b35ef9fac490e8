# SPDX-License-Identifier: GPL-2.0-or-later
# What `cmake --install` puts somewhere serves programs in C and C++, found by pkg-config and by CMake, under a name that
# no library of a distribution has.
. "$SOURCE_DIR/tests/cli/_lib.sh"

cmake --install "$BUILD_DIR" --prefix "$PWD/prefix" >install.txt
[ -x prefix/bin/mtp ] || die "no command: $(cat install.txt)"
find prefix | grep -E '/(libmtp\.|mtp\.pc|libmtp\.pc)' && die "a name of the Media Transfer Protocol's library"
pc=$(find "$PWD/prefix" -name mtpal.pc)

mkdir program
cat >program/main.c <<'END'
#include <mtp/mtp.h>
#include <stdio.h>
int main(void) {
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = NULL;
  const mtp_potential_spec spec = {6, 1, NULL, 5.0, 0, 0};
  const mtp_status status = mtp_potential_new(ctx, &spec, &pot);
  if (status == MTP_OK) printf("%s %d\n", mtp_version(), mtp_potential_level(pot));
  else fprintf(stderr, "%s\n", mtp_context_message(ctx));
  mtp_potential_free(pot);
  mtp_context_free(ctx);
  return status != MTP_OK;
}
END
cat >program/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.18)
project(program LANGUAGES C CXX)
find_package(mtpal REQUIRED)
configure_file(main.c main.cpp COPYONLY)
add_executable(shared main.c)
target_link_libraries(shared PRIVATE mtpal::mtpal)
add_executable(static ${CMAKE_CURRENT_BINARY_DIR}/main.cpp)
target_link_libraries(static PRIVATE mtpal::mtpal_static)
END
cmake -S program -B found -DCMAKE_PREFIX_PATH="$PWD/prefix" >cmake.txt 2>&1 || die "$(cat cmake.txt)"
cmake --build found >make.txt 2>&1 || die "$(cat make.txt)"

if command -v pkg-config >pkg.txt; then
  flags=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --cflags --libs mtpal)
  # shellcheck disable=SC2086 # flags are words
  ${CC:-cc} program/main.c -o packaged $flags "-Wl,-rpath,$(dirname "$(dirname "$pc")")"
  ./packaged >packaged.txt
fi
for program in found/shared found/static; do "./$program" >"$(basename $program).txt"; done
version=$(mtp --version | head -n 1)
for output in shared.txt static.txt $([ ! -e packaged.txt ] || echo packaged.txt); do
  contains "$output" ' 6$'
  case $version in *"$(cut -d ' ' -f 1 "$output")"*) ;; *) die "$output: $(cat "$output") of $version" ;; esac
done
