#!/usr/bin/env bash
# Prints what the matrix has counted: for each client and provider how many
# scenarios passed, of how many. Ends with 1 if one failed, or none was run.
#
#	table.sh FILE    with lines of client, format, provider, scenario and ok or FAIL
set -euo pipefail
sort "$1" | awk -F'\t' '
BEGIN { split("openai anthropic gemini bedrock cohere ollama", providers, " ") }
{
	client = sprintf("%-52s %-10s", $1, $2)
	if (!(client in seen)) { seen[client] = 1; order[++clients] = client }
	all[client, $3]++
	total++
	if ($5 == "ok") passed[client, $3]++
	else wrong[++failures] = $1 " (" $2 ") before " $3 ": " $4
}
END {
	printf "\n%-52s %-10s", "client", "format"
	for (p = 1; p in providers; p++) printf " %9s", providers[p]
	for (i = 1; i <= clients; i++) {
		printf "\n%s", order[i]
		for (p = 1; p in providers; p++) printf " %9s", passed[order[i], providers[p]] + 0 "/" all[order[i], providers[p]] + 0
	}
	printf "\n\n%d scenarios, %d failed\n", total, failures
	for (i = 1; i <= failures; i++) print "FAIL " wrong[i]
	exit failures > 0 || total == 0
}'
