#!/usr/bin/env bash
# Installs what is missing, builds everything in release and runs every test. Arguments go to ctest: ./test.sh -R core
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

scripts/setup.sh
cmake --preset release
cmake --build --preset release -j"$(nproc)"
ctest --preset release -j"$(nproc)" "$@"
