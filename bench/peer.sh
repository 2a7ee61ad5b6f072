#!/bin/bash
# peer.sh NAME start|stop|wait|info
#   NAME: mlserver mlserver-omp1 mlserver-batching mlserver-inproc azmlinfsrv mms triton fastapi node-floor nginx-floor
#   start  in the background, on loopback, with the five models (COPIES=N: N copies of logreg, m0 ... m<N-1>;
#          MLServer alone: REPOSITORY=FOLDER, what is in there)
#   wait   return at the first 200 to a prediction (WAIT=60 seconds at most)
#   info   url, request style and process id as JSON
# The environment reaches the server, except that mlserver-omp1, triton and fastapi get OMP_NUM_THREADS=1: with it
# they are faster. First port: PEERS_PORT, 28500. PEERS_NODE: which node runs the floor.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${PEERS_DIR:-$HOME/.cache/hostler-peers}
base=${PEERS_PORT:-28500}
name=${1:-} action=${2:-}
style=v2 grpc=
case $name in
mlserver) PORT=$base grpc=$((base + 1)) ;;
mlserver-batching) PORT=$((base + 10)) grpc=$((base + 11)) ;;
mlserver-inproc) PORT=$((base + 20)) grpc=$((base + 21)) ;;
azmlinfsrv) PORT=$((base + 30)) style=azml ;;
mms) PORT=$((base + 40)) style=mms ;;
triton) PORT=$((base + 50)) ;;
fastapi) PORT=$((base + 60)) ;;
node-floor) PORT=$((base + 70)) ;;
nginx-floor) PORT=$((base + 80)) ;;
mlserver-omp1) PORT=$((base + 90)) grpc=$((base + 91)) ;;
*) sed -n '2,9p' "$0"; exit 2 ;;
esac
case $name in mlserver-omp1 | triton | fastapi) export OMP_NUM_THREADS=1 ;; esac
export PORT PYTHONPATH=$here/apps
run=$dir/run/$name pidfile=$dir/run/$name/pid
repository=${REPOSITORY:-$dir/repository${COPIES:+-$COPIES}}

started_at() { cut -d' ' -f22 "/proc/$1/stat" 2>/dev/null || true; }

# The session's leader, if it is still the process that was started here (process ids are used again).
leader() {
  local pid at
  read -r pid at 2>/dev/null <"$pidfile" || return 0
  [ -z "$(started_at "$pid")" ] || [ "$(started_at "$pid")" = "$at" ] && echo "$pid" || true
}
members() { local pid; pid=$(leader); [ -n "$pid" ] && ps -o pid= -s "$pid" || true; }

launch() { # COMMAND...: in a session of its own, so that stop finds all of its processes
  setsid bash -c 'echo "$$ $(cut -d" " -f22 /proc/$$/stat)" >"$0"; exec "$@"' "$pidfile" "$@" \
    >"$dir/logs/$name.log" 2>&1 </dev/null &
  until [ -s "$pidfile" ]; do sleep 0.01; done
}

mms_config() {
  local models=mnist-svm=mnist-svm,mushroom-xgboost=mushroom-xgboost,forest=forest,gbdt=gbdt,logreg=logreg i
  if [ -n "${COPIES:-}" ]; then
    models=
    for ((i = 0; i < COPIES; i++)); do models+=${models:+,}m$i=logreg; done
  fi
  cat <<CONFIG
inference_address=http://127.0.0.1:$PORT
management_address=http://127.0.0.1:$((PORT + 1))
model_store=$dir/models/mms
default_service_handler=$here/apps/mms_handler.py:handle
default_workers_per_model=1
decode_input_request=false
load_models=$models
job_queue_size=1000
CONFIG
}

start() {
  [ -z "$(members)" ] || { echo "$name runs already"; return; }
  rm -rf "$run"
  mkdir -p "$run/tmp" "$dir/logs"
  cd "$run"
  case $name in
  mlserver*)
    [ -d "$repository" ] || "$here/install.sh" "repository-$COPIES" >/dev/null
    export MLSERVER_HOST=127.0.0.1 MLSERVER_HTTP_PORT=$PORT MLSERVER_GRPC_PORT=$grpc MLSERVER_METRICS_PORT=$((PORT + 2))
    export MLSERVER_METRICS_DIR=$run/tmp MLSERVER_DEBUG=false MLSERVER_PARALLEL_WORKERS=1
    case $name in
    *-inproc) MLSERVER_PARALLEL_WORKERS=0 ;;
    *-batching) export MLSERVER_MODEL_MAX_BATCH_SIZE=32 MLSERVER_MODEL_MAX_BATCH_TIME=0.005 ;;
    esac
    launch "$dir/venvs/mlserver/bin/mlserver" start "$repository" ;;
  azmlinfsrv)
    PEER_MODELS=$dir/models/azmlinfsrv launch "$dir/venvs/azmlinfsrv/bin/python" "$here/apps/azmlinfsrv.py" \
      --entry_script "$here/apps/score.py" --port "$PORT" --health_port $((PORT + 1)) ;;
  mms)
    mms_config >config.properties
    export TEMP=$run/tmp TMPDIR=$run/tmp LOG_LOCATION=$run/tmp METRICS_LOCATION=$run/tmp PATH=$dir/venvs/mms/bin:$PATH
    launch "$dir/venvs/mms/bin/multi-model-server" --start --foreground --mms-config config.properties ;;
  triton) PEER_MODELS=$dir/models/triton launch "$dir/venvs/triton/bin/python" "$here/apps/triton_app.py" ;;
  fastapi)
    PEER_MODELS=$dir/models/fastapi launch "$dir/venvs/fastapi/bin/uvicorn" --app-dir "$here/apps" fastapi_app:app \
      --host 127.0.0.1 --port "$PORT" --log-level warning --no-access-log --backlog 4096 ;;
  node-floor) launch "${PEERS_NODE:-node}" "$here/apps/node_floor.mjs" ;;
  nginx-floor)
    sed -e "s|@PORT@|$PORT|" -e "s|@RUN@|$run|" "$here/apps/nginx_floor.conf" >nginx.conf
    PATH=$PATH:/usr/sbin launch nginx -e "$run/error.log" -c "$run/nginx.conf" ;;
  esac
}

stop() {
  local signal pids _
  for signal in TERM KILL; do
    for _ in $(seq 50); do
      pids=$(members)
      [ -z "$pids" ] && { rm -f "$pidfile"; return; }
      kill -s "$signal" $pids 2>/dev/null || true
      sleep 0.1
      signal=0 # ask once, then look whether they are gone
    done
  done
}

case $action in
start) start ;;
stop) stop ;;
wait) exec python3 "$here/bench.py" wait --servers "$name" --patience "${WAIT:-60}" ;;
info) printf '{"url":"http://127.0.0.1:%s","style":"%s","pid":%s}\n' "$PORT" "$style" \
  "$([ -n "$(members)" ] && leader || echo null)" ;;
*) sed -n '2,9p' "$0"; exit 2 ;;
esac
