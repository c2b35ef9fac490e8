#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# build-lammps.sh [default | oldest | newest] [tester]: builds that LAMMPS once into the user's cache and prints its
# folder, which has the layout of a source tree: src/ (the headers), potentials/, python/ (its module), unittest/ (its tester of
# force styles; certainly there if asked for), and liblammps.so and lmp. The source is that of a Debian package, fetched
# by apt from the mirror that this machine is set up for; apt's own settings and lists are left alone. What is there
# already is used as it is.
set -euo pipefail
. "$(dirname "$0")/shell.sh"

which=${1:-default}
tester=${2:-}
case $which in
  oldest) # the first that the plugin is for, and what Debian 12 has
    version=20210929
    suite=bookworm
    tarball=lammps_20220106.git7586adbb6a+ds1.orig.tar.xz
    checksum=65146c615ad24d8b8bc64f4e05e86226a7f1fdb45c0b5ea9416562b9f3863082
    ;;
  default) # Debian 13
    version=20250204
    suite=trixie
    tarball=lammps_20250204+dfsg.1.orig.tar.xz
    checksum=3671165bd52fad36734e0a9136c5bc5ecb225e03988f8c89aa13366a8b53b1c7
    ;;
  newest) # what Debian unstable has; see find_newest
    suite=sid
    ;;
  *) die "build-lammps.sh [default | oldest | newest], not $which" ;;
esac
packages=(PLUGIN MANYBODY KSPACE MOLECULE MC MISC REPLICA EXTRA-PAIR EXTRA-FIX EXTRA-COMPUTE)
options=(-D CMAKE_BUILD_TYPE=Release -D CMAKE_BUILD_RPATH_USE_ORIGIN=on -D BUILD_SHARED_LIBS=on
  -D BUILD_MPI=on -D MPI_C_COMPILER=mpicc.mpich -D MPI_CXX_COMPILER=mpicxx.mpich -D BUILD_OMP=off -D FFT=KISS
  -D WITH_JPEG=off -D WITH_PNG=off -D WITH_FFMPEG=off -D WITH_GZIP=off -D WITH_CURL=off)
case $which in
  default) packages+=(ML-SNAP) ;;
  *) options+=(-D CMAKE_CXX_FLAGS_RELEASE=-O1) ;; # for tests, not for benchmarks: it compiles in half the time
esac
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

# set_up_apt FOLDER: settings in FOLDER/apt.conf that are about this folder only.
set_up_apt() {
  local apt=$1
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
}

# on_mirrors FOLDER COMMAND...: COMMAND with the index of the suite in FOLDER/apt, mirror after mirror until it works.
on_mirrors() {
  local folder=$1 uri keyring
  shift
  set_up_apt "$folder/apt"
  while read -r uri keyring; do
    printf 'deb-src [signed-by=%s] %s %s main\n' "$keyring" "$uri" "$suite" >"$folder/apt/sources.list"
    if apt-get -q -c "$folder/apt/apt.conf" update >>"$folder/fetch.log" 2>&1 </dev/null && "$@" "$folder"; then
      rm -rf "$folder/apt"
      return 0
    fi
  done < <(mirrors)
  return 1
}

# fetch FOLDER: leaves the verified source archive there.
fetch() { verified "$1/$tarball" || on_mirrors "$1" download; }
download() {
  (cd "$1" && apt-get -q -c apt/apt.conf source --download-only --tar-only lammps) >>"$1/fetch.log" 2>&1 </dev/null &&
    verified "$1/$tarball"
}

# find_newest: sets version, tarball and checksum as the (signed) index of the suite has them, or as they were at the
# last time if it cannot be read.
find_newest() {
  local folder=$cache/newest.$$
  mkdir -p "$folder" || die "cannot write to the cache folder $cache"
  if on_mirrors "$folder" look_up; then
    mv "$folder/found" "$cache/newest"
  elif [ -f "$cache/newest" ]; then
    say "The index of Debian $suite cannot be read: taking what was its newest LAMMPS the last time ..."
  else
    cat "$folder/fetch.log" >&2 || true
    complain "cannot read the index of Debian $suite through apt"
  fi
  rm -rf "$folder"
  read -r version tarball checksum <"$cache/newest"
}
look_up() {
  apt-cache -c "$1/apt/apt.conf" showsrc --only-source lammps 2>>"$1/fetch.log" | awk '
    $1 == "Version:" { version = $2; sub(/[^0-9].*/, "", version) }
    /^[^ ]/ { sums = $1 == "Checksums-Sha256:" }
    sums && $3 ~ /\.orig\.tar\.[a-z0-9]+$/ && version >= newest { newest = version; found = version " " $3 " " $1 }
    END { if (found == "") exit 1; print found }' >"$1/found"
}

# unpack FOLDER: the source tree in FOLDER/source, there only when complete. Some archives of Debian have a folder
# around it, others have not.
unpack() {
  local folder=$1 strip=0
  [ -d "$folder/source" ] && return 0
  rm -rf "$folder/unpacking"
  mkdir "$folder/unpacking"
  tar -t -f "$folder/$tarball" >"$folder/contents" || return 1
  grep -q '^src/' "$folder/contents" || strip=1
  tar -x -f "$folder/$tarball" -C "$folder/unpacking" --strip-components $strip --no-same-owner || return 1
  mv "$folder/unpacking" "$folder/source"
}

# keep_headers SOURCE RESULT: also those of what LAMMPS brings along, which its own headers include.
keep_headers() {
  mkdir -p "$2/src" &&
    (cd "$1/src" && find . '(' -name '*.h' -o -name '*.hpp' ')' -exec cp --parents -t "$2/src" {} +)
}

# keep_tester SOURCE RESULT: what LAMMPS tests force styles with, not its files of values.
keep_tester() {
  rm -rf "$2/unittest.part"
  mkdir "$2/unittest.part" &&
    (cd "$1/unittest" && find . -maxdepth 1 -type f -exec cp -t "$2/unittest.part" {} + &&
      find ./testing ./force-styles -maxdepth 1 -type f -exec cp --parents -t "$2/unittest.part" {} +) &&
    mv -T "$2/unittest.part" "$2/unittest"
}

# collect FOLDER: what is kept, in FOLDER/result, and proof that it runs.
collect() {
  local folder=$1 result=$1/result
  rm -rf "$result"
  keep_headers "$folder/source" "$result" &&
    cp -P "$folder"/build/liblammps.so* "$folder/build/lmp" "$folder/source/LICENSE" "$result" &&
    cp -r "$folder/source/potentials" "$result" &&
    mkdir "$result/python" && cp -r "$folder/source/python/lammps" "$result/python" &&
    ln -s ../../liblammps.so "$result/python/lammps/liblammps.so" &&
    keep_tester "$folder/source" "$result" &&
    "$result/lmp" -help >"$folder/lmp.log" 2>&1
}

command -v apt-get >/dev/null || complain "cannot fetch LAMMPS: this is not a Debian system (no apt-get)"
command -v mpicxx.mpich >/dev/null || complain "cannot build LAMMPS: mpicxx.mpich is missing (package libmpich-dev)"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/libmtpal
[ "$which" != newest ] || find_newest
name=$(LC_ALL=C date -u -d "$version" '+%-d %b %Y')
compiler=$(mpicxx.mpich -dumpmachine) && compiler+=$(mpicxx.mpich -dumpversion)
key=$(printf '%s\n' "$checksum" "$compiler" "${options[@]}" | sha256sum | cut -c 1-8)
final=$cache/lammps-$version-$key
stage=$final.part

# get_source: in the stage.
get_source() {
  mkdir -p "$stage"
  local free
  free=$(df --output=avail -k "$cache" | tail -n 1)
  ((free > 1300000)) || die "building LAMMPS needs 1300 MB in $cache, there are $((free / 1000)) MB"
  [ ! -d "$stage/source" ] || return 0
  say "Fetching the source of LAMMPS ($name) from this machine's Debian mirror ..."
  fetch "$stage" || complain "cannot fetch the source package lammps of Debian $suite through apt, see $stage/fetch.log"
  unpack "$stage" || die "cannot unpack $stage/$tarball"
}

complete() { [ -d "$final" ] && { [ -z "$tester" ] || [ -d "$final/unittest" ]; }; }

if ! complete; then
  mkdir -p "$cache" || die "cannot write to the cache folder $cache"
  exec 9>"$cache/lock"
  if ! flock --nonblock 9; then
    say "Waiting for another bootstrap that is building LAMMPS ..."
    flock 9
  fi
fi
if [ ! -d "$final" ]; then
  get_source
  say "Building LAMMPS ($name) into $final: once, about 6 minutes on 2 cores ..."
  if ! quietly "$stage/configure.log" cmake -G 'Unix Makefiles' -S "$stage/source/cmake" -B "$stage/build" \
    "${options[@]}" || ! compile "$stage/build.log" "$stage/build"; then
    rm -rf "$stage/build" # the next try starts afresh, in case it was continued from something broken
    die "LAMMPS does not build, see $stage/configure.log and build.log"
  fi
  collect "$stage" || die "the LAMMPS that was built does not run or cannot be stored, see $stage/lmp.log"
  mv -T "$stage/result" "$final"
  rm -rf "$stage"
fi
if ! complete; then # built when less was kept
  get_source
  { keep_headers "$stage/source" "$final" && keep_tester "$stage/source" "$final"; } ||
    die "cannot store headers and the tester of LAMMPS in $final"
  rm -rf "$stage"
fi
printf '%s\n' "$final"
