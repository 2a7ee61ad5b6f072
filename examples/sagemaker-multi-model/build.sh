#!/bin/sh
# Puts the installed hostler beside the Dockerfile and builds the image with docker or podman.
#   ./build.sh [IMAGE]        BASE_IMAGE, HOSTLER and BUILDER may say what to start from, what to copy and what to build with
set -eu
cd "$(dirname "$0")"
hostler=$(readlink -f "${HOSTLER:-$(command -v hostler)}")
home=$(dirname "$(dirname "$hostler")")
target=container/hostler
rm -rf "$target"
mkdir -p "$target/.toolchain/node/bin"
cp -R "$home/bin" "$home/dist" "$home/package.json" "$home/shims" "$target/"
mkdir -p "$target/python"
cp -R "$home/python/src" "$target/python/"
# The very Node.js that hostler runs with, where bin/hostler looks first.
node=$home/.toolchain/node/bin/node
[ -x "$node" ] || node=$(command -v node)
cp "$(readlink -f "$node")" "$target/.toolchain/node/bin/node"
[ "${BUILDER:-docker}" = none ] && exit 0
"${BUILDER:-docker}" build ${BASE_IMAGE:+--build-arg BASE_IMAGE="$BASE_IMAGE"} -t "${1:-demo-sagemaker-multimodel}" container
