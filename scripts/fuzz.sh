#!/usr/bin/env bash
# Runs every fuzz target for the given time. Findings land in testdata/fuzz of
# their package and are to be kept.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-30s}
grep -rlE --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do
  grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go | sed 's/^func //' | sort -u | while read -r target; do
    echo "== $dir $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 20x -parallel 2 "$dir"
  done
done
