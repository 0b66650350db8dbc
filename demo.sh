#!/usr/bin/env bash
# The whole way on the models that ship: builds the program, then shows a language model, where its layers lie on eight
# simulated chips, a story that they tell, what it cost in time and energy, and GPUs beside it; then a spiking network
# of others on one chip, beside what that chip was measured to do. Pictures go to out/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

scripts/setup.sh
cmake --preset release
cmake --build --preset release -j"$(nproc)" --target tephra

tephra=build/release/tephra
model=models/mmf-7m.tph
machine=kapoho-point
baselines=(benchmarks/baselines/*.json)
mkdir -p out

# Prints a command as one could type it, then runs it.
show() {
    local word line="\$"
    for word in "$@"; do
        [[ $word == *" "* ]] && word="\"$word\""
        line+=" $word"
    done
    printf '\n%s\n' "$line"
    "$@"
}

show $tephra info $model
show $tephra map $model --machine $machine -o out/mapping.json --svg out/mapping.svg
show $tephra simulate $model --machine $machine --map out/mapping.json \
    --prompt "It was a dark night, and the old man" -n 48 --temperature 0.7 --top-p 0.9 --seed 1 -o out/run.json
show $tephra simulate $model --machine $machine --map out/mapping.json --mode prefill \
    --prompt "The traveller had come a long way, and he was tired; but when he saw the light in the window he went on" \
    -o out/prefill.json
show $tephra report out/run.json --html out/report.html
show $tephra compare out/run.json out/prefill.json --baselines "${baselines[@]}" --html out/compare.html

# As Intel measured it, by the ledger (validation/loihi2.json, row pilotnet-lif), so that the report has both.
pilotnet=models/pilotnet-lif
show $tephra simulate $pilotnet/network.net --input $pilotnet/image.npy --steps 64 --reset-interval 16 \
    --machine oheo-gulch --layer-cores 13,25,13,3,3,2,12,1,1,1 \
    --record out/pilotnet.npz -o out/pilotnet.run.json
show $tephra report out/pilotnet.run.json --html out/pilotnet.html

echo
echo "Pictures, for a browser:"
echo "    $PWD/out/mapping.svg     chips, cores and the traffic between them"
echo "    $PWD/out/report.html     where time and energy went"
echo "    $PWD/out/compare.html    beside GPUs and published figures"
echo "    $PWD/out/pilotnet.html   the spiking network: what its layers send over time, beside what was measured on silicon"
