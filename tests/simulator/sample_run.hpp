#pragma once
// A run of small numbers that keeps every rule, and what is said of it when one is changed.
#include "core/philox.hpp"
#include "simulator/run.hpp"
#include "tests/catch.hpp"

namespace tephra::test {

inline EventCounts random_counts(std::uint64_t id) {
    EventCounts counts{};
    for (std::size_t k = 0; k < event_kinds; ++k)
        counts[k] = static_cast<std::int64_t>(random_words(1, 2, id, static_cast<std::uint32_t>(k))[0]) << 20;
    return counts;
}

/// Two chips of four, three cores, two streams of which one goes on.
inline Run sample_run() {
    Run run;
    run.version = "0.1.0";
    run.model_name = "a \"model\"\n";
    run.machine_name = "kapoho-point";
    run.machine_kind = "loihi2";
    run.model = hash128("model");
    run.machine = hash128("machine");
    run.mapping = hash128("mapping");
    run.trace = hash128("trace");
    run.parameters = 7227904;
    run.mode = RunMode::prefill;
    run.sync = SyncMode::dataflow;
    run.noc = NocMode::contended;
    run.streams = 2;
    run.seed = UINT64_MAX;
    run.synapse_format = "int8";
    run.head_on_host = true;
    run.powered_chips = 2;
    run.machine_chips = 4;
    run.geometry = {2, 2, 1, 8, 4, 3};
    run.elapsed = Picoseconds(600);
    run.synapses = Picoseconds(60);
    run.neurons = Picoseconds(30);
    run.sending = Picoseconds(10);
    run.network = Picoseconds(200);
    run.barrier = Picoseconds(0);
    run.host = Picoseconds(300);
    run.steps = 0;
    run.tokens = {{0, 0, 2, -1, Picoseconds(3), Picoseconds(4)},
                  {1, 0, 4095, 17, Picoseconds(5), Picoseconds(603)},
                  {0, 1, 17, 9, Picoseconds(5), Picoseconds(600)}};
    using enum EventKind;
    EventCounts host = random_counts(1), mixer = random_counts(2);
    const auto at = [](EventCounts& counts, EventKind kind) -> std::int64_t& {
        return counts[static_cast<std::size_t>(kind)];
    };
    for (const EventKind none : {message_out, synop_ternary, synop_int8, neuron_update, barrier_tile, evaluation})
        at(host, none) = 0;
    for (const EventKind none : {synop_ternary, host_synop, host_update, barrier_tile}) at(mixer, none) = 0;
    at(host, host_update) = 300;  // 100 neurons, three tokens
    at(host, message) = 290;
    at(host, skipped) = 10;
    at(mixer, neuron_update) = at(mixer, evaluation) = 3 << 20;
    at(mixer, skipped) = 1 << 20;
    at(mixer, message) = 2 << 20;
    at(host, chip_flit) = 234567890123;
    at(mixer, chip_flit) = 1000000000000;
    EventCounts core = mixer;
    at(core, message_in) += at(host, message_in);  // cores serve the host's packets too
    run.layers = {"embedding", "block 0", "head"};
    run.populations = {{"embedding", 0, true, 100, host, {}},
                       {"block0.mixer", 1, false, 1 << 20, mixer, {}},
                       {"logits", 2, false, 7, {}, {}}};
    run.cores = {{5, 1, {}, Picoseconds(9)}, {6, 1, core, Picoseconds(9)}, {300, 2, {}, Picoseconds(0)}};
    run.links = {{0, 1, 1234567890123}};
    run.text = "Café, \xE2\x82\xAC";
    return run;
}

inline std::string text_of(const Run& run) {
    const auto text = run_json(run);
    if (!text) FAIL(to_string(text.error()));
    return *text;
}

/// The place of the fault of a changed run; empty when it is accepted.
template <typename Change>
std::string fault_of(const Change& change) {
    Run run = sample_run();
    change(run);
    const auto text = run_json(run);
    if (text) return "";
    CHECK(text.error().code == ErrorCode::bad_input);
    CHECK_FALSE(text.error().message.empty());
    return text.error().place;
}

}  // namespace tephra::test
