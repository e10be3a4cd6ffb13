#!/usr/bin/env bash
# Drives the gateway with the vendors' own clients: for Go, for JavaScript and
# for Python. First OpenAI's before a model of OpenAI, in depth; then every
# client in its own format before the models of every provider (the matrix).
#
# Wants go, node 20 or later, npm and python3 with venv, and their registries in
# reach. Everything runs on loopback and is gone when this ends.
set -euo pipefail
cd "$(dirname "$0")"

fail() {
	echo "test-clients: $*" >&2
	exit 1
}

for tool in go node npm python3; do
	command -v "$tool" >/dev/null || fail "$tool is not installed"
done
[ "$(node -p 'parseInt(process.versions.node)')" -ge 20 ] || fail "node is $(node -v), 20 or later is wanted"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "$(python3 -V) is installed, 3.10 or later is wanted"
python3 -c 'import ensurepip, venv' 2>/dev/null || fail "python3 has no venv (Debian: apt install python3-venv)"
if grep -q '"resolved"' node/package-lock.json; then
	fail "package-lock.json names a registry; make it again with node/.npmrc in force"
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# quietly runs a command whose output matters only when it fails.
quietly() {
	local why=$1
	shift
	"$@" >"$tmp/log" 2>&1 && return
	cat "$tmp/log" >&2
	fail "$why"
}

# What is installed is made again only when the lock file is newer.
if [ ! node/node_modules/.package-lock.json -nt node/package-lock.json ]; then
	quietly "the JavaScript clients could not be installed; is the npm registry in reach?" \
		timeout 300 npm ci --prefix node --no-audit --no-fund
fi
if [ ! python/.venv/installed -nt python/requirements.txt ]; then
	rm -rf python/.venv
	quietly "python3 -m venv has failed" python3 -m venv python/.venv
	quietly "the Python clients could not be installed; is PyPI in reach?" \
		timeout 300 python/.venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r python/requirements.txt
	touch python/.venv/installed
fi
quietly "the Go clients could not be fetched; is the module proxy in reach?" go mod download
(cd ../.. && CGO_ENABLED=0 go build -o "$tmp/sluice" ./cmd/sluice)
go build -o "$tmp/lab" ./lab
go vet ./...
go test ./upstream

# All parts run, so that the table is whole; any failure counts in the end.
failed=0
export MATRIX_COUNTS="$tmp/counts"
lab() { "$tmp/lab" -gateway "$tmp/sluice" -timeout 5m "$@" || failed=1; }
lab go test -count=1 -v ./openaigo
lab node --test --test-reporter=spec node/*.test.js
lab go test -count=1 ./matrixgo
lab node --test --test-reporter=dot node/matrix/*.test.js
lab env PYTHONPATH=python PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore \
	python/.venv/bin/python -m unittest test_openai test_anthropic

./table.sh "$MATRIX_COUNTS" || failed=1
exit "$failed"
