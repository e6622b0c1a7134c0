#!/usr/bin/env bash
# documents_test.sh ALFI [ROOT]: README, CONTRIBUTING, CHANGELOG and docs/ keep their word. Relative links and anchors
# lead somewhere, files and folders that are named exist, the site's navigation has every page, and README and
# CONTRIBUTING are short.
#
# A shell block after the line <!-- run --> is run. A block after <!-- prints -->, the next marked one, is what it prints,
# errors included; there … stands for what differs between runs, alone in a line for any lines. A page's blocks run one
# after the other in one new folder.
set -euo pipefail
alfi=$(realpath "$1")
cd "${2:-$(dirname "${BASH_SOURCE[0]}")/..}"
source=$PWD
work=$(mktemp -d)
export XDG_CACHE_HOME=$work/cache  # of compiled simulators
trap 'rm -rf "$work"' EXIT
named='bench|cmake|docs|examples|include|kernels|scripts|src|tests'  # folders whose files are looked for; NAME in one is any name
declare -A most_lines=([README.md]=110 [CONTRIBUTING.md]=70)
failures=0

fail() {
  echo "$*" >&2
  failures=$((failures + 1))
}

# Line and target of each link of a page, outside of code.
links_of() {
  awk '/^ *```/ { code = !code; next }
    code { next }
    { gsub(/`[^`]*`/, "")
      while (match($0, /\]\([^)]*\)|(src|href)="[^"]*"/)) {
        link = substr($0, RSTART, RLENGTH)
        sub(/^\]\(|^(src|href)="/, "", link)
        print FNR, substr(link, 1, length(link) - 1)
        $0 = substr($0, RSTART + RLENGTH)
      } }' "$1"
}

# A page's anchors: its headings, as GitHub and MkDocs both name them.
anchors_of() {
  awk '/^ *```/ { code = !code; next }
    !code && sub(/^#+ +/, "") { $0 = tolower($0); gsub(/[^a-z0-9 _-]/, ""); gsub(/ /, "-"); print }' "$1"
}

check_links() {  # PAGE
  local page=$1 line target path anchor
  while read -r line target; do
    [[ $target != *://* ]] || continue
    links=$((links + 1))
    anchor='' path=${target%%#*}
    [[ $target != *'#'* ]] || anchor=${target#*#}
    if [[ -n $path ]]; then path=$(dirname "$page")/$path; else path=$page; fi
    if [[ ! -f $path ]]; then
      fail "$page:$line: there is no file $target"
    elif [[ $page == docs/* && $(realpath "$path") != "$source/docs/"* ]]; then
      fail "$page:$line: $target is not in the site"
    elif [[ -n $anchor ]] && ! anchors_of "$path" | grep -qxF "$anchor"; then
      fail "$page:$line: there is no heading for $target"
    fi
  done < <(links_of "$page")
}

check_names() {  # PAGE: `scripts/bench.sh`, `examples/best/`
  local name
  while read -r name; do
    [[ $name == *NAME* || -e ${name%% *} ]] || fail "$1: there is no $name"
  done < <(grep -oE "\`($named)/[A-Za-z0-9_./-]+[ \`]" "$1" | tr -d '`' | sort -u)
}

# A page's marked blocks as files 1.run, 1.prints, 2.run …; what is between markers and blocks is an error.
blocks_of() {  # PAGE FOLDER
  awk -v folder="$2" '
    function stop(what) { print FILENAME ":" FNR ": " what >"/dev/stderr"; failed = 1; exit 1 }
    /^<!-- (run|prints) -->$/ {
      if (wanted != "") stop("a marker after a marker")
      if ($2 == "prints" && last != "run") stop("prints without a command before")
      wanted = last = $2
      if (wanted == "run") ++number
      next
    }
    /^```/ {
      if (file != "") { close(file); file = "" }
      else if (code) code = 0
      else if (wanted != "") { file = folder "/" number "." wanted; wanted = ""; printf "" >file; next }
      else { code = 1; next }
      code = 0
      next
    }
    file != "" { print >file; next }
    wanted != "" && NF > 0 { stop("a marker without a block") }
    END { if (!failed && (wanted != "" || file != "")) stop("a marker without a block") }' "$1"
}

check_commands() {  # PAGE
  local page=$1 blocks folder number printed expected
  blocks=$(mktemp -d "$work/blocks.XXX") folder=$(mktemp -d "$work/folder.XXX")
  blocks_of "$page" "$blocks" || { fail "$page: its marked blocks cannot be read"; return; }
  mkdir "$folder/build"
  ln -s "$alfi" "$folder/build/alfi"
  ln -s "$source/examples" "$source/tests" "$folder"
  for ((number = 1; ; ++number)); do
    [[ -f $blocks/$number.run ]] || break
    commands=$((commands + 1))
    printed=$blocks/$number.printed expected=$blocks/$number.prints
    if ! (cd "$folder" && bash -euo pipefail "$blocks/$number.run") >"$printed" 2>&1 </dev/null; then
      fail "$page: command $number failed: $(head -n 1 "$blocks/$number.run")"$'\n'"$(<"$printed")"
    elif [[ -f $expected ]] && ! prints "$expected" "$printed"; then
      fail "$page: command $number prints something else: $(head -n 1 "$blocks/$number.run")"
      diff "$expected" "$printed" >&2 || true
    fi
  done
}

prints() {  # EXPECTED PRINTED: line by line; a line that is … alone stands for any lines
  local -a expected printed
  local at=0 line pattern any=''
  mapfile -t expected <"$1"
  mapfile -t printed <"$2"
  for line in "${expected[@]}"; do
    if [[ $line == … ]]; then
      any=1
      continue
    fi
    pattern=$(sed 's/[][\\*?]/\\&/g; s/ *… */*/g' <<<"$line")
    # shellcheck disable=SC2053  # a pattern
    while [[ -n $any && $at -lt ${#printed[@]} && ${printed[at]} != $pattern ]]; do at=$((at + 1)); done
    # shellcheck disable=SC2053
    [[ $at -lt ${#printed[@]} && ${printed[at]} == $pattern ]] || return 1
    at=$((at + 1)) any=''
  done
  [[ -n $any || $at -eq ${#printed[@]} ]]
}

check_navigation() {
  local page
  while read -r page; do
    [[ -f docs/$page ]] || fail "mkdocs.yml: there is no docs/$page"
  done < <(grep -oE '[A-Za-z0-9_/-]+\.md' mkdocs.yml)
  for page in "${pages[@]}"; do
    [[ $page != docs/* ]] || grep -qE "(^|[ :])${page#docs/}\$" mkdocs.yml || fail "mkdocs.yml has no $page"
  done
}

links=0 commands=0
mapfile -t pages < <(find README.md CONTRIBUTING.md CHANGELOG.md docs -name '*.md' | sort)
for page in "${pages[@]}"; do
  check_links "$page"
  check_names "$page"
  check_commands "$page"
done
check_navigation
for page in "${!most_lines[@]}"; do
  (($(wc -l <"$page") <= most_lines[$page])) || fail "$page has more than ${most_lines[$page]} lines"
done
if ((links == 0 || commands == 0)); then fail "there are no links or no commands"; fi
echo "${#pages[@]} pages, $links links, $commands commands, $failures failures"
((failures == 0))
