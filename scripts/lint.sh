#!/usr/bin/env bash
# Linters, formatting and module tidiness. The linter is built from source in
# the version given, once, into bin/.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$1
bin=$PWD/bin
tool=$bin/golangci-lint-$version
if [[ ! -x $tool ]]; then
  mkdir -p "$bin/.build"
  GOBIN=$bin/.build go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
  mv "$bin/.build/golangci-lint" "$tool"
fi
unformatted=$(gofmt -l $(git ls-files -co --exclude-standard '*.go'))
if [[ -n $unformatted ]]; then
  echo "not formatted (make fmt):" >&2
  echo "$unformatted" >&2
  exit 1
fi
go mod tidy -diff
go vet ./...
"$tool" run ./...
