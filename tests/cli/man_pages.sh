# SPDX-License-Identifier: GPL-2.0-or-later
# A manual page for the command and each subcommand, which says all that --help says, and is installed.
. "$SOURCE_DIR/tests/cli/_lib.sh"

# words FILE: each word once, in small letters; of a page without the marks of its format.
words() {
  sed 's/^\.[A-Za-z]*//; s/\\f[BR]//g; s/\\-/-/g; s/\\([a-z][a-z]/ /g' "$1" |
    tr 'A-Z' 'a-z' | grep -o -e '[a-z0-9_-]*' | sort -u
}

# check PAGE HELP
check() {
  [ -s "$1" ] || die "no page $1"
  contains "$1" '^\.SH NAME'
  words "$1" >page.words
  words "$2" >help.words
  lacks=$(comm -13 page.words help.words | grep -v -x -e 'usage' -e 'example' || true)
  [ -z "$lacks" ] || die "$1 does not say $lacks"
  sed 's/\\-/-/g' "$1" >page.txt
  for option in $(grep -o -e '^  *-[-a-z, ]*' "$2" | tr -d , | tr ' ' '\n' | grep -e '^-'); do
    grep -q -e "^\\\\fB\(.*, \)\{0,1\}$option\( .*\)\{0,1\}\(, .*\)\{0,1\}\\\\fR" page.txt || die "$1 has no entry $option"
  done
}

cmake --install "$BUILD_DIR" --prefix "$PWD/prefix" --component man >install.log
mtp --help >help.txt
check prefix/share/man/man1/mtp.1 help.txt
commands=$(sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' help.txt)
for command in $commands; do
  mtp "$command" --help >one.txt
  check "prefix/share/man/man1/mtp-$command.1" one.txt
  contains prefix/share/man/man1/mtp.1 "mtp\\\\-$command.*(1)"
  same "prefix/share/man/man1/mtp-$command.1" "$BUILD_DIR/share/man/man1/mtp-$command.1"
done
[ "$(ls prefix/share/man/man1 | wc -l)" -eq "$(($(echo "$commands" | wc -w) + 1))" ] || die "pages of no command"

# a command that fails leaves no page, and the old one stays
printf '#!/bin/sh\nexit 1\n' >broken
chmod +x broken
! sh "$SOURCE_DIR/cmake/man-page.sh" ./broken new.1 2>/dev/null || die "a page of a command that fails"
absent new.1
