#!/usr/bin/env bash
# Deploys a server of one's own, which listens on port 8003, and asks both of its routes. Needs `hostler up` and az (or
# its stand-in: eval "$(hostler shims)") on PATH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

export ENDPOINT_NAME="${ENDPOINT_NAME:-own-server-$RANDOM}"
REGISTRY=$(az ml workspace show --query container_registry -o tsv | cut -d/ -f9-)
export REGISTRY

az ml online-endpoint create -n "$ENDPOINT_NAME" -f endpoint.yml >/dev/null
az ml online-deployment create -e "$ENDPOINT_NAME" -f deployment.yml --all-traffic >/dev/null

key=$(az ml online-endpoint get-credentials -n "$ENDPOINT_NAME" --query primaryKey -o tsv)
uri=$(az ml online-endpoint show -n "$ENDPOINT_NAME" --query scoring_uri -o tsv)
for address in "$uri" "${uri%/score}/predict"; do
  curl --silent --show-error --fail-with-body --header "Authorization: Bearer $key" \
    --header "Content-Type: application/json" --data @request.json "$address"
  echo
done

az ml online-endpoint delete -y -n "$ENDPOINT_NAME"
