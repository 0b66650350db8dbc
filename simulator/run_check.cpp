#include "simulator/run_check.hpp"

#include <algorithm>
#include <set>

namespace tephra {
namespace {

const char* const hint = "simulate again";

/// Adds counts as long as the sum fits 64 bits; counts are not negative.
class CountSum {
public:
    [[nodiscard]] bool add(std::int64_t count) {
        if (count > INT64_MAX - sum_) return false;
        sum_ += count;
        return true;
    }

private:
    std::int64_t sum_ = 0;
};

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
    for (std::size_t k = 0; k < run.links.size(); ++k)
        for (const int chip : {run.links[k].from, run.links[k].to})
            if (chip >= chips)
                return bad_input("there is no chip " + std::to_string(chip), place + "/chip_links/" + std::to_string(k),
                                 hint);
    return {};
}

/// Tokens stand in order of entry; those of a stream at positions 0, 1, 2 ...
Result<void> check_tokens(const Run& run, const std::string& place) {
    if (run.tokens.empty()) return bad_input("the run has no tokens", place + "/tokens", "simulate at least one token");
    const Picoseconds start = run.tokens.front().entered;
    Picoseconds previous = start, end = start;
    if (run.streams > std::ssize(run.tokens))
        return bad_input(std::to_string(run.streams) + " streams, but " + std::to_string(run.tokens.size()) + " tokens",
                         place + "/streams", hint);
    std::vector<int> next(static_cast<std::size_t>(run.streams));
    for (std::size_t k = 0; k < run.tokens.size(); ++k) {
        const TokenRecord& token = run.tokens[k];
        const std::string at = place + "/tokens/" + std::to_string(k);
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
        return bad_input("stream " + std::to_string(none - next.begin()) + " has no token", place + "/tokens", hint);
    if (run.elapsed.value() <= 0 || run.elapsed != end - start)
        return bad_input("elapsed_ps is " + std::to_string(run.elapsed.value()) + ", tokens took " +
                             std::to_string((end - start).value()),
                         place + "/elapsed_ps", hint);
    Picoseconds parts;
    for (const Picoseconds part : {run.compute, run.network, run.barrier, run.host}) {
        if (part > run.elapsed - parts)
            return bad_input("compute, network, barrier and host take longer than elapsed_ps", place + "/elapsed_ps",
                             hint);
        parts += part;
    }
    if (parts != run.elapsed)
        return bad_input("compute, network, barrier and host do not add up to elapsed_ps", place + "/elapsed_ps", hint);
    return {};
}

/// All counts together fit 64 bits, and no kind is counted more often on cores than over populations: a core's events
/// were caused by some population.
Result<void> check_counts(const Run& run, const std::string& place) {
    CountSum sum;
    for (std::size_t k = 0; k < run.populations.size(); ++k)
        for (const std::int64_t count : run.populations[k].counts)
            if (!sum.add(count))
                return bad_input("the sum of all counts passes 2^63 - 1",
                                 place + "/populations/" + std::to_string(k) + "/counts", hint);
    for (std::size_t k = 0; k < event_kinds; ++k) {
        const auto kind = static_cast<EventKind>(k);
        std::int64_t left = total(run, kind);
        for (std::size_t c = 0; c < run.cores.size(); ++c) {
            if (run.cores[c].counts[k] > left)
                return bad_input("counts of " + std::string(event_name(kind)) +
                                     " contradict each other: more on cores than the " +
                                     std::to_string(total(run, kind)) + " over populations",
                                 place + "/cores/" + std::to_string(c) + "/counts", hint);
            left -= run.cores[c].counts[k];
        }
    }
    CountSum flits;
    for (std::size_t k = 0; k < run.links.size(); ++k)
        if (!flits.add(run.links[k].flits))
            return bad_input("the sum of all flits passes 2^63 - 1", place + "/chip_links/" + std::to_string(k), hint);
    return {};
}

}  // namespace

Result<void> check_run(const Run& run, const std::string& place) {
    if (auto done = check_machine(run, place); !done) return done;
    if (auto done = check_tokens(run, place); !done) return done;
    return check_counts(run, place);
}

}  // namespace tephra
