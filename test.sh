#!/usr/bin/env bash
# Installs what is missing, builds everything in release and runs every test. Arguments go to ctest: ./test.sh -R core
#   TEPHRA_PYTHON=OFF   leaves out the Python package, whose tests need packages from PyPI once
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

options=(-DTEPHRA_PYTHON=OFF)
if [[ ${TEPHRA_PYTHON:-ON} == ON ]]; then
    scripts/setup.sh --python
    python=${TEPHRA_VENV:-$PWD/build/venv}/bin/python
    options=(-DTEPHRA_PYTHON=ON "-DPython_EXECUTABLE=$python" "-Dpybind11_DIR=$("$python" -m pybind11 --cmakedir)")
else
    scripts/setup.sh
fi
cmake --preset release "${options[@]}"
cmake --build --preset release -j"$(nproc)"
ctest --preset release -j"$(nproc)" "$@"
