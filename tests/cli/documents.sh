# SPDX-License-Identifier: GPL-2.0-or-later
# The documents: links lead somewhere, lines can be read, and what the programs know is in them.
. "$SOURCE_DIR/tests/cli/_lib.sh"
cd "$SOURCE_DIR"
grep -q -e '^\./bootstrap test  ' README.md || die 'README.md: no ./bootstrap test' # what the checks outside start with

pages="README.md CHANGELOG.md CONTRIBUTING.md lib/doc/*.md"
for page in $pages examples/*/README.md examples/*/docs/*.md tests/bench/README.md; do
  for target in $(sed 's/](/\n](/g' "$page" | sed -n 's/^](\([^)]*\)).*/\1/p'); do
    file=${target%%#*}
    case $target in http*) continue ;; esac
    to=$page
    [ -z "$file" ] || to=$(dirname "$page")/$file
    [ -e "$to" ] || die "$page: no $file"
    [ "$file" != "$target" ] || continue
    # a heading as its link has it: small letters, blanks as hyphens, nothing else but letters, digits, _ and -
    sed -n 's/^##* //p' "$to" | tr 'A-Z ' 'a-z-' | sed 's/[^a-z0-9_-]//g' | grep -q -x -e "${target#*#}" ||
      die "$page: $to has no heading ${target#*#}"
  done
done

for page in $pages pair_mtp/doc/*.rst; do
  long=$(awk 'length > 120 && !/^\|/ { print FNR; exit }' "$page")
  [ -z "$long" ] || die "$page: line $long has more than 120 characters"
done

# keywords of the pair styles, each with its values and its default; those of mtp/al are the learner's too
keywords() { sed -n 's/^ *{"\([a-z]*\)", [[0-9].*/\1/p' "$@" | sort -u; }
for style in mtp mtp_al; do
  page=pair_mtp/doc/pair_$style.rst
  sources=pair_mtp/pair_$style.cpp
  [ $style = mtp ] || sources="$sources lib/loop/options.c"
  # shellcheck disable=SC2086 # words
  found=$(keywords $sources)
  [ "$(echo "$found" | wc -l)" -ge 4 ] || die "found but the keywords $found in $sources"
  for keyword in $found; do
    grep -q -e "^       \*$keyword\* value" $page || die "$page: no syntax of $keyword"
    sed -n '/^Default$/,$p' $page | grep -q -e "\*$keyword\*" || die "$page: no default of $keyword"
  done
done

mtp label --help >"$OLDPWD/label.txt"
for key in $(grep -o -e '[a-z][a-z]*=' "$OLDPWD/label.txt" | sort -u); do
  case $key in energy= | forces=) continue ;; esac # of --keys
  grep -q -e "^| \`$key" lib/doc/drivers.md || die "lib/doc/drivers.md: no row of $key"
done
for command in $(mtp --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
  grep -q -e "^mtp $command " lib/doc/command.md || die "lib/doc/command.md: no $command"
done
