#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# aarch64.sh [FOLDER]: the library compiled for 64-bit ARM, and its unit tests under emulation. The libraries for it are
# Debian's, unpacked into FOLDER/sysroot; the machine's own package system is not touched.
. "$(dirname "$0")/_lib.sh"
need 'gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-user' aarch64-linux-gnu-gcc aarch64-linux-gnu-g++ qemu-aarch64 \
  apt-get dpkg
unset LAMMPS_SOURCE_DIR
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
sysroot=$folder/sysroot
triplet=aarch64-linux-gnu

# fetch: packages with all that they depend on, by apt with settings and lists of its own
fetch() {
  apt=$folder/apt
  rm -rf "$apt"
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$sysroot.part"
  : >"$apt/status"
  cat >"$apt/apt.conf" <<END
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
#clear DPkg::Post-Invoke;
APT::Sandbox::User "root";
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
Acquire::Languages "none";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt";
END
  export APT_CONFIG="$apt/apt.conf"
  apt-get -q update &&
    apt-get -q -y --no-install-recommends --download-only install libc6-dev libstdc++-12-dev libopenblas-dev \
      liblapacke-dev libxml2-dev zlib1g-dev libcjson-dev libcmocka-dev || return 1
  for file in "$apt"/archives/*.deb; do dpkg -x "$file" "$sysroot.part" || return 1; done
  # what their scripts of installation would link
  for library in blas lapack; do
    for file in "$sysroot.part/usr/lib/$triplet/$library"/lib*.so*; do
      ln -sf "$library/$(basename "$file")" "$sysroot.part/usr/lib/$triplet/$(basename "$file")"
    done
  done
  for file in "$sysroot.part/usr/lib/$triplet/openblas-pthread"/*.so*; do
    ln -sf "openblas-pthread/$(basename "$file")" "$sysroot.part/usr/lib/$triplet/$(basename "$file")"
  done
  for file in "$sysroot.part/usr/include/$triplet/openblas-pthread"/*.h; do
    ln -sf "openblas-pthread/$(basename "$file")" "$sysroot.part/usr/include/$triplet/$(basename "$file")"
  done
  # links to /lib/... are ours from now on
  find "$sysroot.part" -type l -lname '/*' | while read -r link; do
    ln -sf "$sysroot$(readlink "$link")" "$link"
  done
  mv -T "$sysroot.part" "$sysroot"
  rm -rf "$apt"
}
if [ ! -d "$sysroot" ]; then
  say "Fetching libraries for $triplet ..."
  (fetch) >"$folder/fetch.log" 2>&1 || die "cannot fetch them, see $folder/fetch.log"
fi

cat >"$folder/toolchain.cmake" <<END
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER $triplet-gcc)
set(CMAKE_CXX_COMPILER $triplet-g++)
set(CMAKE_SYSROOT $sysroot)
set(CMAKE_LIBRARY_ARCHITECTURE $triplet)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L $sysroot)
set(ENV{PKG_CONFIG_LIBDIR} $sysroot/usr/lib/$triplet/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} $sysroot)
END
build -D "CMAKE_TOOLCHAIN_FILE=$folder/toolchain.cmake"
# What runs other programs needs one of this processor; tests are of the library alone.
export QEMU_LD_PREFIX="$sysroot"
check '^(neon\.)?(unit|golden)\.'
