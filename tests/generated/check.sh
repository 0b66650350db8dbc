#!/usr/bin/env bash
# check.sh GENERATOR.py: whether a generator of cases, which writes .json files beside itself, still makes those that are
# kept beside it. Without Python 3 it says so and exits 77, which ctest counts as skipped.
set -euo pipefail
generator=$1
folder=$(dirname "$generator")

if ! command -v python3 >/dev/null; then
    echo "skipped: $generator needs Python 3, which is not here"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$folder"/*.py "$work"
python3 -B "$work/$(basename "$generator")"
files=0
status=0
for made in "$work"/*.json; do
    name=$(basename "$made")
    files=$((files + 1))
    if ! cmp "$made" "$folder/$name"; then
        echo "$name is not what $(basename "$generator") makes: run it, and look at what changed"
        status=1
    fi
done
echo "$files files made"
exit "$status"
