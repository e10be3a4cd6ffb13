#!/usr/bin/env bash
# Measures Sluice beside nginx with the workbench in $WORKBENCH (a folder with
# run.sh, a mock provider and a load generator). Arguments go to the workbench:
#   bench/run.sh -rounds 3 -scenarios chat1k,sse10ms
#   TARGETS=targets-sdk.json bench/run.sh -rounds 3   # headers as SDKs send them
#   TARGETS=targets-to.json bench/run.sh -rounds 3    # before a provider of Anthropic's
#   TARGETS=targets-from.json bench/run.sh -rounds 3 -suite bench/scenarios-from.json  # and the other way
#   TARGETS=targets-tls.json bench/run.sh -rounds 3   # a provider that speaks TLS
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
port=9301
for name in all none all-tls all-one none-one to from to-one from-one; do
  printf '%s\n' "prefix = $BENCH_TMP" "proxy_listen = 127.0.0.1:$port" 'admin_listen = off' \
    'status_listen = off' "declarative_config = $BENCH_TMP/$name.yml" >"$BENCH_TMP/$name.conf"
  sed "s|/tmp/sluice-bench-access.log|$BENCH_TMP/access.log|" "$here/conf/${name%-*}.yml" >"$BENCH_TMP/$name.yml"
  port=$((port + 1))
done
for name in all-one none-one to-one from-one; do echo "nginx_worker_processes = 1" >>"$BENCH_TMP/$name.conf"; done
sed -i -e 's|http://127.0.0.1:9100|https://127.0.0.1:9143|' -e 's|^- name: llm|&\n  tls_verify: false|' "$BENCH_TMP/all-tls.yml"
cp "$here/conf/nginx-tls.conf" "$BENCH_TMP/"
(cd "$here/.." && go build -o "$BENCH_TMP/tlsfront" ./bench/tlsfront)
"$BENCH_TMP/tlsfront" &
front=$!
trap 'kill $front; rm -f "$BENCH_TMP/access.log"' EXIT
"$WORKBENCH/run.sh" -targets "$here/${TARGETS:-targets.json}" "$@"
