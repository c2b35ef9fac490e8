#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# man-page.sh MTP OUT [COMMAND]: writes the manual page of the command MTP, or of its subcommand COMMAND, from the text
# of its --help, which stays the one place where options are explained.
set -eu
mtp=$1
out=$2
command=${3:-}

version=$("$mtp" --version)
general=$("$mtp" --help)
help=$general
[ -z "$command" ] || help=$("$mtp" "$command" --help)

# Built under another name first: a page that is cut short must not pass for a made one.
{
  printf '%s\n' "$general"
  echo "@help"
  printf '%s\n' "$help"
} | LC_ALL=C awk -v version="$version" -v command="$command" '
function roff(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  gsub(/`/, "\\(ga", text)
  gsub(/\047/, "\\(aq", text)
  if (text ~ /^\./) text = "\\&" text
  return text
}
function section(name) {
  if (name != current) print ".SH " name
  current = name
}
# An entry of a list: two blanks, the term, at least two blanks, what it means.
function entry(line,   n, term) {
  line = substr(line, 3)
  n = match(line, /   */)
  term = n ? substr(line, 1, n - 1) : line
  if (term ~ /^-/) section("OPTIONS")
  if (current == "SYNOPSIS") section("DESCRIPTION")
  print ".TP"
  print "\\fB" roff(term) "\\fR"
  if (n) print roff(substr(line, n + RLENGTH))
}
function example(line) {
  sub(/^Examples?: */, "", line)
  sub(/^  */, "", line)
  if (current != "EXAMPLES") {
    section("EXAMPLES")
    print ".nf"
  }
  print roff(line)
}
$0 == "@help" { helping = 1; next }
!helping {
  if (/^Exit status: /) status = $0
  if (/^  [a-z]+ /) names[++count] = $1
  next
}
/^Usage: / {
  name = "mtp" (command == "" ? "" : "-" command)
  print ".TH \"" toupper(roff(name)) "\" 1 \"\" \"" version "\" \"User commands\""
  print ".nh" # words such as energy=REF_energy are for copying
  usage = substr($0, 8)
  next
}
usage != "" && current == "" {
  section("NAME")
  sub(/\.$/, "")
  print roff(name) " \\- " tolower(substr($0, 1, 1)) roff(substr($0, 2))
  section("SYNOPSIS")
  print roff(usage)
  next
}
/^Exit status: / { next }
/^Commands:/ { section("COMMANDS"); next }
/^Examples?:/ { example($0); next }
current == "EXAMPLES" && /^ / { example($0); next }
current == "EXAMPLES" && /^$/ { next }
/^  [^ ]/ { entry($0); next }
/^   / { sub(/^ */, ""); print roff($0); next }
/^$/ { blank = 1; next }
{
  if (current == "EXAMPLES") print ".fi"
  if (current == "SYNOPSIS") section("DESCRIPTION")
  if (current != "DESCRIPTION") section("NOTES")
  if (blank) print ".PP"
  blank = 0
  print roff($0)
}
END {
  if (current == "EXAMPLES") print ".fi"
  section("EXIT STATUS")
  sub(/^Exit status: /, "", status)
  print roff(status)
  section("SEE ALSO")
  if (command != "") line = "\\fBmtp\\fR(1)"
  for (i = 1; i <= count; i++)
    if (names[i] != command) line = line (line == "" ? "" : ", ") "\\fBmtp\\-" names[i] "\\fR(1)"
  print line
}' >"$out.new"
mv "$out.new" "$out"
