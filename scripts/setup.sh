#!/usr/bin/env bash
# Installs the Debian packages that the build needs and this machine lacks; does nothing when all are there.
#   scripts/setup.sh         what building, testing and running need
#   scripts/setup.sh --ci    also what .ci/run needs: clang, its checkers, shellcheck and git
set -euo pipefail

packages=(
    build-essential cmake ninja-build pkg-config
    libboost-dev libeigen3-dev nlohmann-json3-dev libexpected-dev libxxhash-dev
    libhwy-dev libhdf5-dev libsentencepiece-dev libspdlog-dev libcli11-dev catch2 zlib1g-dev
)
case "${1:-}" in
    "") ;;
    --ci) packages+=(clang clang-tidy clang-format libclang-rt-dev shellcheck git) ;;
    *)
        echo "setup: unknown option '$1' (the only one is --ci)" >&2
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
if ((${#missing[@]} == 0)); then
    echo "setup: all ${#packages[@]} packages are installed"
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
echo "setup: done"
