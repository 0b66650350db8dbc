#!/usr/bin/env bash
# Repeats the ledger (validation/), records what comes out in docs/validation.json and puts its table into
# docs/validation.md. Takes minutes: it simulates the published language models.
#   scripts/update-validation.sh [PROGRAM]              default: build/release/tephra
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=${1:-build/release/tephra}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$program" validate --format json --markdown "$work/table.md" >"$work/validation.json"
awk -v table="$work/table.md" '
    /^<!-- \/ledger -->$/ { inside = 0 }
    !inside { print }
    /^<!-- ledger -->$/ { inside = 1; while ((getline line < table) > 0) print line }
' docs/validation.md >"$work/validation.md"
cp "$work/validation.json" docs/validation.json
cp "$work/validation.md" docs/validation.md
