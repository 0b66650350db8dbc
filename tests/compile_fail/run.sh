#!/usr/bin/env bash
# run.sh COMPILER ROOT PAIRS FLAG...: each left expression of PAIRS must compile, each right one must not. The two differ
# in nothing else, so a right one cannot fail for a reason that has nothing to do with it.
set -euo pipefail
compiler=$1 root=$2 pairs=$3
shift 3
flags=("$@")

compiles() {
    "$compiler" -std=c++20 "${flags[@]}" -fsyntax-only -I "$root" -x c++ - <<<"
        #include \"core/id.hpp\"
        #include \"core/narrow.hpp\"
        #include \"core/object_reader.hpp\"
        #include \"core/units.hpp\"
        using namespace tephra;
        auto expression(Picoseconds time, ChipId chip, std::int64_t wide, std::int32_t number, std::size_t index,
                        double real, const Json& json) {
            (void)time, (void)chip, (void)wide, (void)number, (void)index, (void)real, (void)json;
            return $1;
        }" 2>&1
}

count=0 faults=0
while IFS='|' read -r works fails; do
    [[ $works == \#* || -z $works ]] && continue
    count=$((count + 1))
    if ! message=$(compiles "$works"); then
        echo "must compile:     $works"
        echo "$message"
        faults=$((faults + 1))
    fi
    if compiles "$fails" >/dev/null; then
        echo "must not compile: $fails"
        faults=$((faults + 1))
    fi
done <"$pairs"
echo "$count pairs, $faults faults"
((count > 0 && faults == 0))
