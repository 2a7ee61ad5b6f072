#!/bin/sh
# Does with a running container what SageMaker's platform does: loads two models, lists, calls and unloads them.
#   ./call.sh [URL]     by default http://localhost:8080
set -eu
url=${1:-http://localhost:8080}
json='content-type: application/json'
models=${MODELS:-/opt/ml/models}

curl -sSf "$url/ping" >/dev/null && echo "ping: ok"
for model in resnet_18 resnet_152; do
  curl -sSf "$url/models" -H "$json" -d "{\"model_name\": \"$model\", \"url\": \"$models/$model/model\"}" >/dev/null
  echo "loaded: $model"
done
echo "models: $(curl -sSf "$url/models" | tr -d ' \n')"
for model in resnet_18 resnet_152; do
  echo "$model: $(curl -sSf "$url/models/$model/invoke" -H "$json" -d '[0.9, 0.1, 0.9, 0.1]' | tr -d ' \n')"
  curl -sSf -X DELETE "$url/models/$model" >/dev/null
done
echo "left: $(curl -sSf "$url/models" | tr -d ' \n')"
