#!/usr/bin/env bash
# Lets coding agents do a small task through the gateway, before a scripted
# model of another format than theirs. Opt-in, not part of CI: it installs about
# 1.1 GB. Wants go, node 20 or later and npm, on Linux and x86-64. Needs the npm
# registry once; what runs then stays on loopback.
#
#   TRACE=/path  keep what the models were asked, and what the agents said
set -euo pipefail
cd "$(dirname "$0")"

for tool in go node npm; do
	command -v "$tool" >/dev/null || { echo "test-agents: $tool is not installed" >&2; exit 1; }
done
if [ "$(uname -sm)" != "Linux x86_64" ]; then
	echo "test-agents: the programs that are pinned here are for Linux on x86-64" >&2
	exit 1
fi

# Install scripts would fetch programs from elsewhere.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	if ! timeout 900 npm ci --omit=optional --ignore-scripts >"$log" 2>&1; then
		cat "$log" >&2
		echo "test-agents: the agents could not be installed; is the npm registry in reach?" >&2
		exit 1
	fi
fi

cd ../..
AGENTS="$PWD/test/agents/node_modules" go test -count=1 -timeout 20m -v ./test/agents "$@"
