#!/bin/bash
# install.sh [NAME...]   install peers and make models under ${PEERS_DIR:-~/.cache/hostler-peers}; what is there is kept
#   NAME: tools hostler mlserver azmlinfsrv mms triton fastapi nginx-floor node-floor   (default: all of them)
#         repository-N   a model repository with N copies of logreg, for MLServer at N models
#         small-N, slow  repositories for hostler: N different models of about 1 MB; one whose call takes seconds
# Every peer gets its own virtual environment (requirements/NAME.txt is the complete list that was seen to work, on
# Python 3.11) and models trained by its own libraries; hostler's are trained by its own interpreter, HOSTLER_PYTHON
# or the repository's .venv. What each model answers is written beside them, so that answers can be compared.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${PEERS_DIR:-$HOME/.cache/hostler-peers}
hostler_python=${HOSTLER_PYTHON:-$here/../.venv/bin/python}
mkdir -p "$dir"/{venvs,models,expected,logs,run}
failures=0

# Real mushrooms where they are; else train.py makes the synthetic table of examples/multi-model.
if [ -z "${AGARICUS_DIR:-}" ] && [ -f "$here/../../shared/data/agaricus/agaricus.txt.train" ]; then
  AGARICUS_DIR=$here/../../shared/data/agaricus
fi
export AGARICUS_DIR=${AGARICUS_DIR:-}

say() { printf '%-18s %s\n' "$1" "$2"; }
skip() { say "$1" "SKIPPED: $2"; failures=$((failures + 1)); }

debian() { # PACKAGE...
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  apt-get install -y -qq --no-install-recommends "$@" >>"$dir/logs/install-debian.log" 2>&1 ||
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } >>"$dir/logs/install-debian.log" 2>&1
}
has() { PATH=$PATH:/usr/sbin command -v "$1" >/dev/null; }
has_libpython() { "$dir/venvs/triton/bin/python" -c 'import ctypes; ctypes.CDLL("libpython3.11.so.1.0")' 2>/dev/null; }

# Debian's interpreter comes first: Triton's Python backend needs libpython3.11.so, which many other builds lack.
python=
for candidate in ${PEERS_PYTHON:-} /usr/bin/python3.11 python3.11 python3; do
  version=$("$candidate" -c 'import sys; print(*sys.version_info[:2], sep=".")' 2>/dev/null) || continue
  [ "$version" = 3.11 ] && { python=$(command -v "$candidate"); break; }
done

environment() { # NAME: create the virtual environment
  local name=$1 list=$here/requirements/$1.txt venv=$dir/venvs/$1
  cmp -s "$list" "$venv/.installed" && return
  [ -n "$python" ] || { skip "$name" "needs Python 3.11 (set PEERS_PYTHON)"; return 1; }
  rm -rf "$venv"
  # The lists are complete, so dependencies are not resolved again (and CUDA's, which no test here uses, stay out).
  if command -v uv >/dev/null && uv --version >/dev/null 2>&1; then
    uv venv -q --python "$python" "$venv" && uv pip install -q --python "$venv/bin/python" --no-deps -r "$list"
  else
    "$python" -m venv "$venv" && "$venv/bin/python" -m pip install -q --no-deps -r "$list"
  fi >"$dir/logs/install-$name.log" 2>&1 || { skip "$name" "see $dir/logs/install-$name.log"; return 1; }
  cp "$list" "$venv/.installed"
}

train() { # NAME DESTINATION PYTHON: the five models, the request rows, and what the models answer to them
  local name=$1 destination=$2 interpreter=$3 stamp=$dir/models/.made-$1
  made_from() {
    cat "$here/models/train.py" "$here/../examples/multi-model/train.py"
    echo "${AGARICUS_DIR:+real} mushrooms"
    "$interpreter" -c 'import sys; from importlib.metadata import distributions
names = {"scikit-learn", "xgboost", "xgboost-cpu", "numpy"}
print(sys.version, sorted(f"{d.name} {d.version}" for d in distributions() if d.name in names))'
  }
  [ -s "$dir/requests.json" ] && [ -s "$dir/expected/$name.json" ] && made_from 2>/dev/null | cmp -s - "$stamp" && return
  OMP_NUM_THREADS=1 "$interpreter" "$here/models/train.py" "$destination" "$dir/requests.json" "$dir/expected/$name.json" \
    >"$dir/logs/train-$name.log" 2>&1 || { skip "$name" "training failed, see $dir/logs/train-$name.log"; return 1; }
  made_from >"$stamp" 2>/dev/null
}

peer() { # NAME [DESTINATION]
  environment "$1" && train "$1" "${2:-$dir/models/$1}" "$dir/venvs/$1/bin/python" && say "$1" "ready"
}

settings() { # DESTINATION: make a folder of models one that MLServer and hostler serve
  local model
  for model in "$here"/models/*/; do cp -r "$model" "$1/"; done
}

two_models() { # FROM TO: the two models of MLServer's multi-model example alone
  mkdir -p "$2"
  cp -r "$1"/mnist-svm "$1"/mushroom-xgboost "$2/"
}

made_by_hostler() { # NAME ARGUMENTS...
  local name=$1
  shift
  [ -x "$hostler_python" ] || { skip "$name" "no $hostler_python: run npm start once, or set HOSTLER_PYTHON"; return 1; }
  cmp -s "$here/models/special.py" "$dir/$name/.made-by" && { say "$name" "ready"; return; }
  "$hostler_python" "$here/models/special.py" "$@" "$dir/$name" >"$dir/logs/make-$name.log" 2>&1 ||
    { skip "$name" "see $dir/logs/make-$name.log"; return 1; }
  cp "$here/models/special.py" "$dir/$name/.made-by"
  say "$name" "ready"
}

[ $# -gt 0 ] || set -- tools hostler mlserver azmlinfsrv mms triton fastapi nginx-floor node-floor
for name in "$@"; do
  case $name in
  tools) { has wrk || debian wrk; } && say wrk "ready" || skip wrk "Debian package wrk could not be installed" ;;
  hostler)
    [ -x "$hostler_python" ] || { skip hostler "no $hostler_python: run npm start once, or set HOSTLER_PYTHON"; continue; }
    train hostler "$dir/models/hostler" "$hostler_python" && settings "$dir/models/hostler" &&
      two_models "$dir/models/hostler" "$dir/two/hostler" && say hostler "ready" ;;
  mlserver | mlserver-omp1 | mlserver-batching | mlserver-inproc)
    peer mlserver "$dir/repository" && settings "$dir/repository" && two_models "$dir/repository" "$dir/two/mlserver" ;;
  mms)
    has java || debian openjdk-17-jre-headless || { skip mms "needs a Java runtime, 17 was seen to work"; continue; }
    peer mms ;;
  triton)
    environment triton || continue
    has_libpython || debian libpython3.11 || { skip triton "needs libpython3.11.so.1.0 (Debian: libpython3.11)"; continue; }
    peer triton ;;
  azmlinfsrv | fastapi) peer "$name" ;;
  nginx-floor) { has nginx || debian nginx; } && say nginx-floor "ready" || skip nginx-floor "Debian package nginx could not be installed" ;;
  node-floor) has "${PEERS_NODE:-node}" && say node-floor "ready" || skip node-floor "no node in PATH" ;;
  repository-*)
    [ -s "$dir/repository/logreg/model.joblib" ] || { skip "$name" "install mlserver first"; continue; }
    for ((i = 0; i < ${name#repository-}; i++)); do
      mkdir -p "$dir/$name/m$i"
      cp "$dir/repository/logreg/model.joblib" "$dir/$name/m$i/"
      sed "s/\"logreg\"/\"m$i\"/" "$here/models/logreg/model-settings.json" >"$dir/$name/m$i/model-settings.json"
    done
    say "$name" "ready" ;;
  small-*) made_by_hostler "$name" small "${name#small-}" ;;
  slow) made_by_hostler slow slow ;;
  *) sed -n '2,5p' "$0"; exit 2 ;;
  esac
done
exit $((failures > 0))
