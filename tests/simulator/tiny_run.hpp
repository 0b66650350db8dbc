#pragma once
// A run small enough to price by hand: two chips, three cores, a block, a head and the host's embedding.
#include <algorithm>
#include <utility>
#include <vector>

#include "simulator/cost_table.hpp"
#include "simulator/run.hpp"

namespace tephra::test {

inline void set(EventCounts& counts, EventKind kind, std::int64_t value) {
    counts[static_cast<std::size_t>(kind)] = value;
}

/// After a change of tokens: self-timed, so that neurons are evaluated when they fire, and all of the time that they
/// took is spent on synapses.
inline void retime(Run& run) {
    run.sync = SyncMode::dataflow;
    run.steps = 0;
    const auto rest = [](EventCounts& counts) {
        set(counts, EventKind::barrier_tile, 0);
        set(counts, EventKind::evaluation, count_of(counts, EventKind::neuron_update));
    };
    for (auto& population : run.populations) rest(population.counts);
    for (auto& core : run.cores) rest(core.counts);
    Picoseconds end;
    for (const auto& token : run.tokens) end = std::max(end, token.left);
    run.elapsed = run.synapses = end - run.tokens.front().entered;
    run.neurons = run.sending = run.network = run.barrier = run.management = run.host = Picoseconds(0);
}

/// Four tokens, 1 ms each; the last two are generated. On cores: 1000 + 2000 synops, 30 updates, 40 packets. There are
/// as many neurons as updates, so that one token may have made them all.
inline Run tiny_run() {
    Run run;
    run.version = "0.1.0";
    run.model_name = "tiny";
    run.machine_name = "two-chips";
    run.machine_kind = "loihi2";
    run.parameters = 1234;
    run.synapse_format = "int8";
    run.powered_chips = 2;
    run.machine_chips = 8;
    run.geometry = {4, 2, 1, 8, 4, 4};
    run.elapsed = Picoseconds(4'000'000'000);
    run.synapses = Picoseconds(1'400'000'000);
    run.neurons = Picoseconds(400'000'000);
    run.sending = Picoseconds(200'000'000);
    run.network = Picoseconds(1'000'000'000);
    run.barrier = Picoseconds(600'000'000);
    run.host = Picoseconds(400'000'000);
    run.steps = 32;
    for (int t = 0; t < 4; ++t)
        run.tokens.push_back({0, t, 10 + t, t < 2 ? -1 : 11 + t, Picoseconds(t * 1'000'000'000LL),
                              Picoseconds((t + 1) * 1'000'000'000LL)});
    run.populations.resize(3);
    PopulationRecord& embedding = run.populations[0];
    PopulationRecord& mixer = run.populations[1];
    PopulationRecord& head = run.populations[2];
    embedding.name = "embedding";
    embedding.on_host = true;
    run.layers = {"embedding", "block 0", "head"};
    embedding.neurons = 16;
    set(embedding.counts, EventKind::host_update, 16);
    set(embedding.counts, EventKind::message, 15);
    set(embedding.counts, EventKind::host_flit, 5);
    mixer.name = "block0.mixer";
    mixer.layer = 1;
    set(mixer.counts, EventKind::synop_int8, 1000);
    mixer.neurons = 20;
    set(mixer.counts, EventKind::evaluation, 20 * run.steps);
    set(mixer.counts, EventKind::neuron_update, 20);
    set(mixer.counts, EventKind::message, 16);
    set(mixer.counts, EventKind::skipped, 4);
    set(mixer.counts, EventKind::message_out, 32);
    set(mixer.counts, EventKind::message_in, 32);
    set(mixer.counts, EventKind::hop_x, 64);
    set(mixer.counts, EventKind::chip_flit, 7);
    set(mixer.counts, EventKind::barrier_tile, 2 * run.steps);
    head.name = "head";
    head.layer = 2;
    set(head.counts, EventKind::synop_int8, 2000);
    head.neurons = 10;
    set(head.counts, EventKind::evaluation, 10 * run.steps);
    set(head.counts, EventKind::neuron_update, 10);
    set(head.counts, EventKind::message, 10);
    set(head.counts, EventKind::message_out, 8);
    set(head.counts, EventKind::message_in, 8);
    set(head.counts, EventKind::barrier_tile, run.steps);
    run.cores.resize(3);
    for (std::size_t c = 0; c < 3; ++c)
        run.cores[c].core = static_cast<int>(c) * 100, run.cores[c].layer = 1 + static_cast<int>(c) / 2;
    run.cores[0].busy = Picoseconds(1'000'000'000);
    run.cores[1].busy = Picoseconds(3'000'000'000);
    run.cores[2].busy = Picoseconds(2'000'000'000);
    for (std::size_t c = 0; c < 2; ++c) {
        set(run.cores[c].counts, EventKind::synop_int8, 500);
        set(run.cores[c].counts, EventKind::evaluation, 10 * run.steps);
        set(run.cores[c].counts, EventKind::neuron_update, 10);
        set(run.cores[c].counts, EventKind::message, 8);
        set(run.cores[c].counts, EventKind::skipped, 2);
        set(run.cores[c].counts, EventKind::message_out, 16);
        set(run.cores[c].counts, EventKind::message_in, 16);
        set(run.cores[c].counts, EventKind::hop_x, 32);
        set(run.cores[c].counts, EventKind::barrier_tile, 2 * run.steps * (1 - static_cast<int>(c)));
    }
    set(run.cores[0].counts, EventKind::chip_flit, 7);
    run.cores[2].counts = head.counts;
    run.links.push_back({0, 1, 7});
    run.text = "once upon";
    return run;
}

/// A network of two layers for eight time steps: 20 neurons, then 5, as many messages in a step as `sent` says.
inline Run tiny_network_run(const std::vector<std::int64_t>& first = {0, 3, 20, 5, 0, 1, 0, 2},
                            const std::vector<std::int64_t>& second = {0, 0, 1, 5, 2, 0, 0, 1}) {
    Run run = tiny_run();
    run.model_name = "net";
    run.round = RoundKind::time_step;
    run.mode = RunMode::prefill;
    run.parameters = 0;
    run.text.clear();
    run.tokens.clear();
    for (int t = 0; t < 8; ++t)
        run.tokens.push_back({0, t, 0, -1, Picoseconds(t * 400'000'000LL), Picoseconds((t + 2) * 400'000'000LL)});
    run.tokens.back().left = run.elapsed;
    run.layers = {"host output", "first", "second"};
    run.populations[0].name = "host output";
    set(run.populations[0].counts, EventKind::message, 0);
    const auto layer = [&](std::size_t index, const char* name, const std::vector<std::int64_t>& messages) {
        PopulationRecord& population = run.populations[index];
        population.name = name;
        population.messages = messages;
        std::int64_t sent = 0;
        for (const std::int64_t count : messages) sent += count;
        set(population.counts, EventKind::neuron_update, 8 * population.neurons);
        set(population.counts, EventKind::message, sent);
        set(population.counts, EventKind::skipped, 8 * population.neurons - sent);
    };
    run.populations[2].neurons = 5;
    layer(1, "first", first);
    layer(2, "second", second);
    set(run.populations[2].counts, EventKind::evaluation, 5 * run.steps);
    for (const EventKind kind : {EventKind::neuron_update, EventKind::message, EventKind::skipped}) {
        set(run.cores[0].counts, kind, count_of(run.populations[1].counts, kind));
        set(run.cores[1].counts, kind, 0);
    }
    run.cores[2].counts = run.populations[2].counts;
    return run;
}

/// All of it on the host.
inline Run run_without_cores() {
    Run run = tiny_run();
    run.cores.clear();
    run.links.clear();
    run.powered_chips = 0;
    for (auto& population : run.populations)
        if (!population.on_host) population.counts = {};
    return run;
}

/// Prices in round numbers: synop 2 pJ (1 to 4), update 10, packet out 3, hop 1, chip flit 50, host flit 100;
/// step of a chip 1000 (500 to 3000); 100 mW a chip (50 to 200), as a system 300 mW more (200 to 500).
inline CostTable tiny_costs() {
    CostTable table;
    table.name = "tiny";
    table.about = "round numbers";
    table.machine_kinds = {"loihi2"};
    for (auto& price : table.energy) price.source = "nothing";
    const auto put = [&](EventKind kind, double low, double value, double high) {
        table.energy[static_cast<std::size_t>(kind)] = {low, value, high, Evidence::cited, "a page"};
    };
    put(EventKind::synop_int8, 1, 2, 4);
    put(EventKind::neuron_update, 10, 10, 10);
    put(EventKind::message_out, 3, 3, 3);
    put(EventKind::hop_x, 1, 1, 1);
    put(EventKind::chip_flit, 50, 50, 50);
    put(EventKind::host_flit, 100, 100, 100);
    table.chip_static = {50, 100, 200, Evidence::measured, "a meter"};
    table.chip_step = {500, 1000, 3000, Evidence::cited, "a page"};
    table.system_included = true;
    table.chip_system = {200, 300, 500, Evidence::measured, "a board meter"};
    table.host.source = "not asked";
    return table;
}

/// Every price is zero, as a table may say.
inline CostTable zero_costs() {
    CostTable table = tiny_costs();
    for (auto& price : table.energy) price = {0, 0, 0, Evidence::assumed, "free"};
    table.chip_step = table.chip_static = table.chip_system = {0, 0, 0, Evidence::assumed, "free"};
    return table;
}

/// Runs at the edge of what can be priced, with a name each.
inline std::vector<std::pair<const char*, Run>> edge_runs() {
    std::vector<std::pair<const char*, Run>> runs = {{"as it is", tiny_run()}};
    Run unsampled = tiny_run();
    for (auto& token : unsampled.tokens) token.output = -1;
    runs.emplace_back("no sampled token", unsampled);
    unsampled.mode = RunMode::prefill;
    runs.emplace_back("prefill", unsampled);
    Run single = tiny_run();
    single.tokens.resize(1);
    single.tokens[0].output = 5;
    single.elapsed = single.synapses = single.tokens[0].left;
    single.neurons = single.sending = single.network = single.barrier = single.host = Picoseconds(0);
    for (auto& core : single.cores) core.busy = Picoseconds(0);
    runs.emplace_back("one token", single);
    Run off_chip = run_without_cores();
    runs.emplace_back("no chip powered", off_chip);
    for (auto& population : off_chip.populations) population.counts = {};
    runs.emplace_back("nothing counted", off_chip);
    off_chip.populations.clear();
    runs.emplace_back("no populations", off_chip);
    Run shortest = single;
    shortest.tokens[0].left = shortest.elapsed = shortest.synapses = Picoseconds(1);
    runs.emplace_back("one picosecond", shortest);
    Run longest = single;
    longest.tokens[0].left = longest.elapsed = longest.synapses = Picoseconds((std::int64_t{1} << 62) - 1);
    runs.emplace_back("the longest time", longest);
    Run counted = tiny_run();
    constexpr std::int64_t large = INT64_MAX / 64;
    retime(counted);
    EventCounts& counts = counted.populations[1].counts;
    counts.fill(large);
    for (const EventKind none :
         {EventKind::synop_ternary, EventKind::host_synop, EventKind::host_update, EventKind::barrier_tile})
        set(counts, none, 0);
    counted.populations[1].neurons = 1 << 24;
    for (const EventKind kind : {EventKind::neuron_update, EventKind::evaluation}) set(counts, kind, 4LL << 24);
    for (const EventKind kind : {EventKind::skipped, EventKind::message}) set(counts, kind, 2LL << 24);
    counted.cores[0].counts = counts;
    counted.cores[1].counts = {};
    counted.links[0].flits = large;
    runs.emplace_back("large counts", counted);
    return runs;
}

}  // namespace tephra::test
