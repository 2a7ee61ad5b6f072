#!/bin/sh
# Ask both models for a prediction with curl.
#   requests/predict.sh [URL]     (default http://localhost:8080)
set -eu
url=${1:-http://localhost:8080}
models=$(dirname "$0")/../models

for model in mnist-svm mushroom-xgboost; do
  printf '%s: ' "$model"
  curl --silent --show-error --fail-with-body --max-time 30 \
    --header 'content-type: application/json' \
    --data-binary "@$models/$model/sample_input.json" \
    "$url/v2/models/$model/versions/v0.1.0/infer"
  echo
done
