#!/usr/bin/env bash
# Measures Sluice beside nginx with the workbench in $WORKBENCH (a folder with
# run.sh, a mock provider and a load generator). Arguments go to the workbench:
#   bench/run.sh -rounds 3 -scenarios chat1k,sse10ms
#   TARGETS=targets-sdk.json bench/run.sh -rounds 3
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
WORKBENCH=${WORKBENCH:-$here/../../shared/bench}
if [[ ! -x $WORKBENCH/run.sh ]]; then
  echo "There is no workbench in $WORKBENCH. It is no part of the repository: say where yours is, WORKBENCH=/path/to/bench bench/run.sh" >&2
  exit 1
fi
export BENCH_TMP=${BENCH_TMP:-$(mktemp -d)}
mkdir -p "$BENCH_TMP"
(cd "$here/.." && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$BENCH_TMP/sluice" ./cmd/sluice)
for name in all none; do
  port=9301
  [[ $name == none ]] && port=9302
  printf '%s\n' "prefix = $BENCH_TMP" "proxy_listen = 127.0.0.1:$port" 'admin_listen = off' \
    'status_listen = off' "declarative_config = $BENCH_TMP/$name.yml" >"$BENCH_TMP/$name.conf"
  sed "s|/tmp/sluice-bench-access.log|$BENCH_TMP/access.log|" "$here/conf/$name.yml" >"$BENCH_TMP/$name.yml"
done
trap 'rm -f "$BENCH_TMP/access.log"' EXIT
"$WORKBENCH/run.sh" -targets "$here/${TARGETS:-targets.json}" "$@"
