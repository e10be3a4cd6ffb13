#!/usr/bin/env bash
# Runs the gateway before a real model: llama.cpp with a tiny random llama that
# gguf.js makes. Opt-in, not part of CI: it installs about 100 MB. Wants go,
# node 20 or later and npm, on Linux and x86-64.
set -euo pipefail
cd "$(dirname "$0")"

for tool in go node npm; do
	command -v "$tool" >/dev/null || { echo "test-model: $tool is not installed" >&2; exit 1; }
done
if [ "$(uname -sm)" != "Linux x86_64" ]; then
	echo "test-model: the prebuilt llama.cpp that is pinned here is for Linux on x86-64" >&2
	exit 1
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd ../.. && CGO_ENABLED=0 go build -o "$tmp/sluice" ./cmd/sluice)

# Not npm ci: it wants the builds for every other machine (another 600 MB) to be
# in the lock file. Install scripts would compile llama.cpp.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
	if ! timeout 600 npm install --no-save --omit=optional --ignore-scripts >"$tmp/npm.log" 2>&1; then
		cat "$tmp/npm.log" >&2
		echo "test-model: llama.cpp could not be installed; is the npm registry in reach?" >&2
		exit 1
	fi
fi

SLUICE_BINARY="$tmp/sluice" timeout 300 node --test --test-reporter=spec ./*.test.js
