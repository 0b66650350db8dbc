#include "simulator/run_check.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "core/bounded_sum.hpp"
#include "mapper/chip_position.hpp"
#include "mapper/weight_storage.hpp"
#include "simulator/damage_record.hpp"

namespace tephra {
namespace {

const char* const hint = "simulate again";

Result<void> check_machine(const Run& run, const std::string& place) {
    const Geometry& g = run.geometry;
    const std::int64_t chips = std::int64_t{g.chips_x} * g.chips_y * g.chips_z;
    if (chips != run.machine_chips)
        return bad_input(std::to_string(chips) + " chips, but machine_chips is " + std::to_string(run.machine_chips),
                         place + "/geometry", hint);
    const std::int64_t cores = chips * g.cores_per_chip();
    std::set<int> chips_with_work;
    for (std::size_t k = 0; k < run.cores.size(); ++k) {
        const std::string at = place + "/cores/" + std::to_string(k) + "/core";
        const std::int32_t core = run.cores[k].core;
        if (core >= cores)
            return bad_input("there is no core " + std::to_string(core) + " among " + std::to_string(cores), at, hint);
        if (k > 0 && core <= run.cores[k - 1].core) return bad_input("cores are not in ascending order", at, hint);
        chips_with_work.insert(core / g.cores_per_chip());
    }
    if (std::ssize(chips_with_work) != run.powered_chips)
        return bad_input("cores lie on " + std::to_string(chips_with_work.size()) + " chips, but powered_chips is " +
                             std::to_string(run.powered_chips),
                         place + "/powered_chips", hint);
    return {};
}

/// Chip links join neighbours, carried something and stand in ascending order, so each once.
Result<void> check_links(const Run& run, const std::string& place) {
    const Geometry& g = run.geometry;
    const auto links_apart = [&](int a, int b) {
        return links_between(chip_position(ChipId(a), g.chips_x, g.chips_y),
                             chip_position(ChipId(b), g.chips_x, g.chips_y));
    };
    BoundedSum flits;
    for (std::size_t k = 0; k < run.links.size(); ++k) {
        const Run::ChipLinkRecord& link = run.links[k];
        const std::string at = place + "/chip_links/" + std::to_string(k);
        for (const int chip : {link.from, link.to})
            if (chip >= run.machine_chips) return bad_input("there is no chip " + std::to_string(chip), at, hint);
        if (links_apart(link.from, link.to) != 1)
            return bad_input(
                "chips " + std::to_string(link.from) + " and " + std::to_string(link.to) + " are not neighbours", at,
                hint);
        if (link.flits == 0) return bad_input("a chip link that carried nothing", at, hint);
        if (k > 0 && std::pair(link.from, link.to) <= std::pair(run.links[k - 1].from, run.links[k - 1].to))
            return bad_input("chip links are not in ascending order", at, hint);
        if (!flits.add(link.flits)) return bad_input("the sum of all flits passes 2^63 - 1", at, hint);
    }
    if (flits.value() != total(run, EventKind::chip_flit))
        return bad_input("chip links carried " + std::to_string(flits.value()) + " flits, but " +
                             std::to_string(total(run, EventKind::chip_flit)) + " are counted as chip_flit",
                         place + "/chip_links", hint);
    return {};
}

/// Faults are of rounds, links and populations that the run has, each once, and no row is empty.
Result<void> check_faults(const Run& run, const std::string& place) {
    if (!run.faults) return {};
    const Geometry& g = run.geometry;
    BoundedSum sum;
    const auto known = [&](std::int64_t round, int population) {
        return round < std::ssize(run.tokens) && population < std::ssize(run.populations);
    };
    for (std::size_t k = 0; k < run.faults->links.size(); ++k) {
        const LinkFaultRecord& fault = run.faults->links[k];
        const std::string at = place + "/faults/links/" + std::to_string(k);
        if (!known(fault.round, fault.population) || std::max(fault.from, fault.to) >= run.machine_chips ||
            links_between(chip_position(ChipId(fault.from), g.chips_x, g.chips_y),
                          chip_position(ChipId(fault.to), g.chips_x, g.chips_y)) != 1)
            return bad_input("there is no such round, link or population", at, hint);
        if (fault.retries == 0 ? fault.lost == 0 || fault.added.value() != 0 : fault.added.value() == 0)
            return bad_input("a link that sent nothing again and lost nothing, or sent again in no time", at, hint);
        if (!sum.add(fault.retries) || !sum.add(fault.lost) || !sum.add(fault.added.value()))
            return bad_input("the sum of all faults passes 2^63 - 1", at, hint);
        const auto key = [](const LinkFaultRecord& f) { return std::tuple(f.round, f.from, f.to, f.population); };
        if (k > 0 && key(fault) <= key(run.faults->links[k - 1]))
            return bad_input("faults of links are not in ascending order", at, hint);
    }
    for (std::size_t k = 0; k < run.faults->missed.size(); ++k) {
        const MissedRecord& missed = run.faults->missed[k];
        const std::string at = place + "/faults/slices/" + std::to_string(k);
        if (!known(missed.round, missed.population) ||
            missed.core >= std::int64_t{run.machine_chips} * g.cores_per_chip())
            return bad_input("there is no such round, population or core", at, hint);
        if (missed.messages == 0 && !missed.waited) return bad_input("a slice that missed nothing", at, hint);
        if (!sum.add(missed.messages)) return bad_input("the sum of all faults passes 2^63 - 1", at, hint);
        if (missed.waited && run.sync == SyncMode::barrier)
            return bad_input("a slice of a barrier run that waited", at, hint);
    }
    return {};
}

/// A sampled token enters its stream next, and samples in turn unless it ends the stream. A prefill samples from the
/// last token of a stream alone. A generation may sample nothing: its first sample may be the end of the text.
Result<void> check_outputs(const Run& run, const std::string& place) {
    std::vector<const TokenRecord*> previous(static_cast<std::size_t>(run.streams));
    std::vector<bool> ended(static_cast<std::size_t>(run.streams));
    for (std::size_t k = 0; k < run.tokens.size(); ++k) {
        const TokenRecord& token = run.tokens[k];
        const auto stream = static_cast<std::size_t>(token.stream);
        const std::string at = place + "/rounds/" + std::to_string(k);
        if (ended[stream])
            return bad_input("stream " + std::to_string(stream) + " goes on after it sampled nothing", at, hint);
        const TokenRecord* before = std::exchange(previous[stream], &token);
        if (before == nullptr || before->output < 0) continue;
        if (run.mode == RunMode::prefill)
            return bad_input("a prefill goes on after a sampled token in stream " + std::to_string(stream), at, hint);
        if (token.input != before->output)
            return bad_input("token " + std::to_string(token.input) + " entered where stream " +
                                 std::to_string(stream) + " had sampled " + std::to_string(before->output),
                             at, hint);
        ended[stream] = token.output < 0;
    }
    return {};
}

/// Steps and barriers belong together. Every step but the last ends in a barrier of the same length, and at most one
/// token enters a step. The cores of a barrier run rest when its last token leaves; a self-timed run has none of these,
/// and its cores may serve credits after that.
Result<void> check_steps(const Run& run, const std::string& place) {
    if (run.sync == SyncMode::dataflow) {
        if (run.steps != 0) return bad_input("a self-timed run has no steps", place + "/steps", hint);
        if (run.barrier.value() != 0) return bad_input("a self-timed run has no barriers", place + "/barrier_ps", hint);
        if (run.management.value() != 0)
            return bad_input("a self-timed run has no steps to manage", place + "/management_ps", hint);
        return {};
    }
    if (run.steps < std::ssize(run.tokens) - 1)
        return bad_input(std::to_string(run.tokens.size()) + " " + round_words(run.round).many + " in " +
                             std::to_string(run.steps) + " steps; at most one enters a step",
                         place + "/steps", hint);
    const std::pair<const char*, Picoseconds> each_step[] = {{"barrier_ps", run.barrier},
                                                             {"management_ps", run.management}};
    for (const auto& [key, time] : each_step)
        if (run.steps == 0 ? time.value() != 0 : time.value() % run.steps != 0)
            return bad_input(std::string(key) + " is " + std::to_string(time.value()) + ", no multiple of " +
                                 std::to_string(run.steps) + " steps",
                             place + "/" + key, hint);
    for (std::size_t k = 0; k < run.cores.size(); ++k)
        if (run.cores[k].busy > run.elapsed)
            return bad_input("a core is busy longer than elapsed_ps",
                             place + "/cores/" + std::to_string(k) + "/busy_ps", hint);
    return {};
}

/// Tokens stand in order of entry; those of a stream at positions 0, 1, 2 ...
Result<void> check_tokens(const Run& run, const std::string& place) {
    const RoundWords& words = round_words(run.round);
    if (run.tokens.empty())
        return bad_input("the run has no " + words.many, place + "/rounds", "simulate at least one " + words.one);
    const Picoseconds start = run.tokens.front().entered;
    Picoseconds previous = start, end = start;
    if (run.streams > std::ssize(run.tokens))
        return bad_input(
            std::to_string(run.streams) + " streams, but " + std::to_string(run.tokens.size()) + " " + words.many,
            place + "/streams", hint);
    std::vector<int> next(static_cast<std::size_t>(run.streams));
    for (std::size_t k = 0; k < run.tokens.size(); ++k) {
        const TokenRecord& token = run.tokens[k];
        const std::string at = place + "/rounds/" + std::to_string(k);
        if (token.stream >= run.streams)
            return bad_input("there is no stream " + std::to_string(token.stream), at, hint);
        int& position = next[static_cast<std::size_t>(token.stream)];
        if (token.position != position)
            return bad_input("position " + std::to_string(token.position) + " where stream " +
                                 std::to_string(token.stream) + " has reached " + std::to_string(position),
                             at, hint);
        ++position;
        if (token.entered < previous || token.left < token.entered) return bad_input("times out of order", at, hint);
        previous = token.entered;
        end = std::max(end, token.left);
    }
    if (const auto none = std::ranges::find(next, 0); none != next.end())
        return bad_input("stream " + std::to_string(none - next.begin()) + " has no " + words.one, place + "/rounds",
                         hint);
    if (run.elapsed.value() <= 0 || run.elapsed != end - start)
        return bad_input("elapsed_ps is " + std::to_string(run.elapsed.value()) + ", " + words.many + " took " +
                             std::to_string((end - start).value()),
                         place + "/elapsed_ps", hint);
    Picoseconds parts;
    for (const PhaseTime& phase : phases_of(run)) {
        if (phase.time > run.elapsed - parts)
            return bad_input("the phases up to " + phase.name + " take longer than elapsed_ps", place + "/elapsed_ps",
                             hint);
        parts += phase.time;
    }
    if (parts != run.elapsed)
        return bad_input("the phases from synapses to host do not add up to elapsed_ps", place + "/elapsed_ps", hint);
    return {};
}

/// All counts together fit 64 bits, so the sums of the rules below do.
Result<void> check_sums(const Run& run, const std::string& place) {
    BoundedSum sum;
    for (std::size_t k = 0; k < run.populations.size(); ++k)
        for (const std::int64_t count : run.populations[k].counts)
            if (!sum.add(count))
                return bad_input("the sum of all counts passes 2^63 - 1",
                                 place + "/populations/" + std::to_string(k) + "/counts", hint);
    return {};
}

/// What a population may count: the host's events or those of cores, no weights of two bits where all take a byte, no
/// more zero messages than firings.
Result<void> check_populations(const Run& run, const std::string& place) {
    using enum EventKind;
    const auto of_cores = {message_out, synop_ternary, synop_int8, neuron_update, barrier_tile, evaluation};
    const auto of_host = {host_synop, host_update};
    const bool bytes = run.synapse_format == weight_storage_name(WeightStorage::int8);
    for (std::size_t p = 0; p < run.populations.size(); ++p) {
        const PopulationRecord& population = run.populations[p];
        if (population.layer < 0 || population.layer >= std::ssize(run.layers))
            return bad_input("there is no layer " + std::to_string(population.layer),
                             place + "/populations/" + std::to_string(p) + "/layer", hint);
        const std::string at = place + "/populations/" + std::to_string(p) + "/counts";
        for (const EventKind kind : population.on_host ? of_cores : of_host)
            if (count_of(population.counts, kind) > 0)
                return bad_input(std::string(event_name(kind)) + " of a population that is " +
                                     (population.on_host ? "" : "not ") + "on the host",
                                 at, hint);
        if (bytes && count_of(population.counts, synop_ternary) > 0)
            return bad_input("synop_ternary in a run of " + run.synapse_format + " synapses", at, hint);
        const std::int64_t fired = count_of(population.counts, population.on_host ? host_update : neuron_update);
        if (count_of(population.counts, skipped) > fired)
            return bad_input(std::to_string(count_of(population.counts, skipped)) + " zero messages of " +
                                 std::to_string(fired) + " firings",
                             at, hint);
    }
    return {};
}

/// Cores count what populations on cores do, and every packet that a core serves, also from the host. Each mapped tile
/// takes part in every barrier. A core's layer is that of a population on cores.
Result<void> check_cores(const Run& run, const std::string& place) {
    std::set<int> layers;
    for (const PopulationRecord& population : run.populations)
        if (!population.on_host) layers.insert(population.layer);
    std::set<std::int32_t> tiles;
    for (std::size_t c = 0; c < run.cores.size(); ++c) {
        tiles.insert(run.cores[c].core / run.geometry.cores_per_tile);
        if (!layers.contains(run.cores[c].layer))
            return bad_input("no population on cores is of layer " + std::to_string(run.cores[c].layer),
                             place + "/cores/" + std::to_string(c) + "/layer", hint);
    }
    for (std::size_t k = 0; k < event_kinds; ++k) {
        const auto kind = static_cast<EventKind>(k);
        const std::string name(event_name(kind));
        std::int64_t caused = 0;
        for (const PopulationRecord& population : run.populations)
            if (!population.on_host || kind == EventKind::message_in) caused += population.counts[k];
        std::int64_t left = caused;
        for (std::size_t c = 0; c < run.cores.size(); ++c) {
            if (run.cores[c].counts[k] > left)
                return bad_input("counts of " + name + " contradict each other: more on cores than the " +
                                     std::to_string(caused) + " of their populations",
                                 place + "/cores/" + std::to_string(c) + "/counts", hint);
            left -= run.cores[c].counts[k];
        }
        if (left > 0)
            return bad_input("counts of " + name + " contradict each other: " + std::to_string(left) + " of " +
                                 std::to_string(caused) + " are on no core",
                             place + "/cores", hint);
    }
    const std::int64_t barriers = total(run, EventKind::barrier_tile);
    const std::int64_t mapped = std::ssize(tiles);
    if (mapped == 0 ? barriers != 0 : barriers % mapped != 0 || barriers / mapped != run.steps)
        return bad_input("barrier_tile is " + std::to_string(barriers) + ", but " + std::to_string(mapped) +
                             " mapped tiles take part in " + std::to_string(run.steps) + " barriers",
                         place + "/steps", hint);
    return {};
}

/// Time steps have no ids, and none waits for the output of another.
Result<void> check_rounds(const Run& run, const std::string& place) {
    if (run.round == RoundKind::token) return {};
    if (run.mode != RunMode::prefill) return bad_input("time steps generate nothing", place + "/mode", hint);
    if (run.streams != 1)
        return bad_input("time steps of " + std::to_string(run.streams) + " streams", place + "/streams", hint);
    for (std::size_t k = 0; k < run.tokens.size(); ++k)
        if (run.tokens[k].input != 0 || run.tokens[k].output != -1)
            return bad_input("a time step with ids of tokens", place + "/rounds/" + std::to_string(k), hint);
    return {};
}

/// Messages over time: those of a population of a network, whose bins add up to its count.
Result<void> check_bins(const Run& run, const PopulationRecord& population, const std::string& place) {
    const std::int64_t rounds = std::ssize(run.tokens), width = time_bin_width(rounds);
    const std::int64_t sent = count_of(population.counts, EventKind::message);
    const std::int64_t bins = std::ssize(population.messages);
    if (run.round == RoundKind::token)
        return bins == 0 ? Result<void>() : bad_input("messages over time in a run of tokens", place, hint);
    if (bins != 0 && bins != time_bins(rounds))
        return bad_input(std::to_string(bins) + " time bins, where " + std::to_string(rounds) + " time steps have " +
                             std::to_string(time_bins(rounds)),
                         place, hint);
    std::int64_t left = sent;
    for (std::int64_t k = 0; k < bins; ++k) {
        const std::int64_t messages = population.messages[static_cast<std::size_t>(k)];
        const std::int64_t most = population.neurons * std::min(width, rounds - k * width);
        if (messages > most)
            return bad_input(std::to_string(messages) + " messages in a bin where the neurons send " +
                                 std::to_string(most) + " at most",
                             place + "/" + std::to_string(k), hint);
        if (messages > left) return bad_input("more messages over time than are counted", place, hint);
        left -= messages;
    }
    if (left > 0)
        return bad_input(std::to_string(left) + " of " + std::to_string(sent) + " messages are in no time bin", place,
                         hint);
    return {};
}

/// A population fires at most once a round. Cores evaluate every neuron in every step of a barrier run, and in a
/// self-timed run those that fire.
Result<void> check_activity(const Run& run, const std::string& place) {
    using enum EventKind;
    const std::int64_t rounds = std::ssize(run.tokens);
    for (std::size_t p = 0; p < run.populations.size(); ++p) {
        const PopulationRecord& population = run.populations[p];
        const std::string at = place + "/populations/" + std::to_string(p);
        const auto of = [&](EventKind kind) { return count_of(population.counts, kind); };
        const std::int64_t updates = population.on_host ? of(host_update) : of(neuron_update);
        if (updates > population.neurons * rounds)
            return bad_input(std::to_string(updates) + " updates of " + std::to_string(population.neurons) +
                                 " neurons in " + std::to_string(rounds) + " " + round_words(run.round).many,
                             at + "/counts", hint);
        const bool sound = run.sync == SyncMode::dataflow
                               ? of(evaluation) == updates
                               : of(evaluation) % population.neurons == 0 &&
                                     of(evaluation) / population.neurons == run.steps && of(evaluation) >= updates;
        if (!population.on_host && !run.cores.empty() && !sound)
            return bad_input(std::to_string(of(evaluation)) + " evaluations of " + std::to_string(population.neurons) +
                                 " neurons, which were updated " + std::to_string(updates) + " times in " +
                                 std::to_string(run.steps) + " steps",
                             at + "/counts", hint);
        // What the host sends may be of rounds in which it had nothing to do.
        const std::int64_t most = population.on_host ? population.neurons * rounds : updates - of(skipped);
        if (of(message) > most)
            return bad_input(
                std::to_string(of(message)) + " messages, where " + std::to_string(most) + " neurons may have sent",
                at + "/counts", hint);
        if (auto bins = check_bins(run, population, at + "/messages"); !bins) return bins;
    }
    return {};
}

Result<void> check_parts(const Run& run, const std::string& place) {
    return run.damage ? check_damage(*run.damage, run.geometry, place + "/damage") : Result<void>{};
}

}  // namespace

Result<void> check_run(const Run& run, const std::string& place) {
    for (const auto check : {check_machine, check_tokens, check_outputs, check_steps, check_sums, check_populations,
                             check_cores, check_links, check_rounds, check_activity, check_parts, check_faults})
        if (auto sound = check(run, place); !sound) return sound;
    return {};
}

}  // namespace tephra
