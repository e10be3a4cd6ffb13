#!/usr/bin/env bash
# Drives the gateway with the vendors' own clients: OpenAI's for Go, then those
# for JavaScript. Wants go, node 20 or later, and npm with a registry in reach.
# Everything runs on loopback and is gone when this ends.
set -euo pipefail
cd "$(dirname "$0")"

for tool in go node npm; do
	command -v "$tool" >/dev/null || { echo "test-clients: $tool is not installed" >&2; exit 1; }
done
if grep -q '"resolved"' node/package-lock.json; then
	echo "test-clients: package-lock.json names a registry; make it again with node/.npmrc in force" >&2
	exit 1
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd ../.. && CGO_ENABLED=0 go build -o "$tmp/sluice" ./cmd/sluice)
go build -o "$tmp/lab" ./lab
go vet ./...

# npm ci is done again only when the lock file is newer than what it made.
if [ ! node/node_modules/.package-lock.json -nt node/package-lock.json ]; then
	if ! timeout 300 npm ci --prefix node --no-audit --no-fund >"$tmp/npm.log" 2>&1; then
		cat "$tmp/npm.log" >&2
		echo "test-clients: the JavaScript clients could not be installed; is the npm registry in reach?" >&2
		exit 1
	fi
fi

lab=("$tmp/lab" -gateway "$tmp/sluice" -timeout 5m)
"${lab[@]}" go test -count=1 -v ./openaigo
"${lab[@]}" node --test --test-reporter=spec node/*.test.js
