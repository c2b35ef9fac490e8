#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the default LAMMPS once into the user's cache and prints its folder, which holds src/ (the headers),
# liblammps.so, lmp, potentials/ and python/ (its module). The source is that of Debian 13's package, fetched by apt from the mirror that this
# machine is set up for; apt's own settings and lists are left alone. What is there already is used as it is.
set -euo pipefail
. "$(dirname "$0")/shell.sh"

version=20250204
tarball=lammps_20250204+dfsg.1.orig.tar.xz
checksum=3671165bd52fad36734e0a9136c5bc5ecb225e03988f8c89aa13366a8b53b1c7
suite=trixie
packages=(PLUGIN MANYBODY KSPACE MOLECULE MC MISC REPLICA EXTRA-PAIR EXTRA-FIX EXTRA-COMPUTE ML-SNAP)
options=(-D CMAKE_BUILD_TYPE=Release -D CMAKE_BUILD_RPATH_USE_ORIGIN=on -D BUILD_SHARED_LIBS=on
  -D BUILD_MPI=on -D MPI_C_COMPILER=mpicc.mpich -D MPI_CXX_COMPILER=mpicxx.mpich -D BUILD_OMP=off -D FFT=KISS
  -D WITH_JPEG=off -D WITH_PNG=off -D WITH_FFMPEG=off -D WITH_GZIP=off -D WITH_CURL=off)
for name in "${packages[@]}"; do options+=(-D "PKG_$name=on"); done

complain() { die "$* (with a LAMMPS of your own: LAMMPS_SOURCE_DIR=/path/to/lammps/src ./bootstrap ...)"; }

# Where this machine gets Debian from: "URI KEYRING" lines, likely ones first. A line that turns out to be something
# else than a Debian mirror does no harm: it has no such suite, or the signature or the checksum does not fit.
mirrors() {
  local codename uri entry keyring
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016 # $(REPO_URI) is apt's syntax
  apt-get indextargets --no-release-info --format '$(RELEASE) $(COMPONENT) $(REPO_URI) $(SOURCESENTRY)' \
    'Created-By: Packages' |
    awk -v codename="$codename" '$2 != "main" || seen[$3]++ { next }
      $1 == codename { print $3, $4; next }
      $1 ~ /^(stable|oldstable|testing)$/ { other = other $3 " " $4 "\n" }
      END { printf "%s", other }' |
    while read -r uri entry; do
      keyring=$(sed -n -E 's/^[^#]*[Ss]igned-[Bb]y *[:=] *(\/[^] ]+).*/\1/p' "${entry%:*}" | head -n 1)
      [ -n "$keyring" ] || keyring=/usr/share/keyrings/debian-archive-keyring.gpg
      printf '%s %s\n' "$uri" "$keyring"
    done
}

verified() { [ -f "$1" ] && printf '%s  %s\n' "$checksum" "$1" | sha256sum --check --status 2>/dev/null; }

# fetch FOLDER: leaves the verified source archive there.
fetch() {
  local folder=$1 apt=$1/apt uri keyring
  verified "$folder/$tarball" && return 0
  rm -rf "$apt"
  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  : >"$apt/status" # an installed lammps would make apt look for the source of that version
  # Hooks that clean up after the machine's own updates have no business here, and need not be allowed to run.
  cat >"$apt/apt.conf" <<END
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt";
END
  while read -r uri keyring; do
    printf 'deb-src [signed-by=%s] %s %s main\n' "$keyring" "$uri" "$suite" >"$apt/sources.list"
    if (cd "$folder" && apt-get -q -c "$apt/apt.conf" update &&
      apt-get -q -c "$apt/apt.conf" source --download-only --tar-only lammps) >>"$folder/fetch.log" 2>&1 </dev/null &&
      verified "$folder/$tarball"; then
      rm -rf "$apt"
      return 0
    fi
  done < <(mirrors)
  return 1
}

# unpack FOLDER: the source tree in FOLDER/source, there only when complete.
unpack() {
  local folder=$1
  [ -d "$folder/source" ] && return 0
  rm -rf "$folder/unpacking"
  mkdir "$folder/unpacking"
  tar -x -f "$folder/$tarball" -C "$folder/unpacking" --strip-components 1 --no-same-owner || return 1
  mv "$folder/unpacking" "$folder/source"
}

# collect FOLDER: what is kept, in FOLDER/result, and proof that it runs.
collect() {
  local folder=$1 result=$1/result
  rm -rf "$result"
  mkdir -p "$result/src" || return 1
  (cd "$folder/source/src" && find . -name '*.h' -exec cp --parents -t "$result/src" {} +) &&
    cp -P "$folder"/build/liblammps.so* "$folder/build/lmp" "$folder/source/LICENSE" "$result" &&
    cp -r "$folder/source/potentials" "$result" &&
    mkdir "$result/python" && cp -r "$folder/source/python/lammps" "$result/python" &&
    ln -s ../../liblammps.so "$result/python/lammps/liblammps.so" &&
    "$result/lmp" -help >"$folder/lmp.log" 2>&1
}

command -v apt-get >/dev/null || complain "cannot fetch LAMMPS: this is not a Debian system (no apt-get)"
command -v mpicxx.mpich >/dev/null || complain "cannot build LAMMPS: mpicxx.mpich is missing (package libmpich-dev)"

compiler=$(mpicxx.mpich -dumpmachine) && compiler+=$(mpicxx.mpich -dumpversion)
key=$(printf '%s\n' "$checksum" "$compiler" "${options[@]}" | sha256sum | cut -c 1-8)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/libmtpal
final=$cache/lammps-$version-$key
stage=$final.part

if [ ! -d "$final" ]; then
  mkdir -p "$cache" || die "cannot write to the cache folder $cache"
  exec 9>"$cache/lock"
  if ! flock --nonblock 9; then
    say "Waiting for another bootstrap that is building LAMMPS ..."
    flock 9
  fi
fi
if [ ! -d "$final" ]; then
  mkdir -p "$stage"
  free=$(df --output=avail -k "$cache" | tail -n 1)
  ((free > 900000)) || die "building LAMMPS needs 900 MB in $cache, there are $((free / 1000)) MB"
  if [ ! -d "$stage/source" ]; then
    say "Fetching the LAMMPS source, 130 MB, from this machine's Debian mirror ..."
    fetch "$stage" || complain "cannot fetch the source package lammps of Debian $suite through apt, see $stage/fetch.log"
    unpack "$stage" || die "cannot unpack $stage/$tarball"
  fi
  say "Building LAMMPS (4 Feb 2025) into $final: once, about 6 minutes on 2 cores ..."
  if ! quietly "$stage/configure.log" cmake -G 'Unix Makefiles' -S "$stage/source/cmake" -B "$stage/build" \
    "${options[@]}" || ! compile "$stage/build.log" "$stage/build"; then
    rm -rf "$stage/build" # the next try starts afresh, in case it was continued from something broken
    die "LAMMPS does not build, see $stage/configure.log and build.log"
  fi
  collect "$stage" || die "the LAMMPS that was built does not run or cannot be stored, see $stage/lmp.log"
  mv -T "$stage/result" "$final"
  rm -rf "$stage"
fi
printf '%s\n' "$final"
