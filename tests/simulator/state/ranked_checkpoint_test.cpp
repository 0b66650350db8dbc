// Checkpoints of runs that ranks share.
#include <atomic>
#include <map>

#include "core/stop.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/sampling.hpp"
#include "neuro/lm/synth.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/spread.hpp"
#include "tests/simulator/thread_ranks.hpp"

using namespace tephra;

namespace {

const Program& small_program() {
    static const auto model = *make_synthetic_model(synth_shape(40, 1, 60, 130, 5));
    static const Program program = lower(model);
    return program;
}

/// Due at window number `window`, counted from 1.
std::function<bool()> at_window(std::int64_t window) {
    return [window, count = std::int64_t{0}]() mutable { return ++count == window; };
}

Machine kapoho(const LinkErrors& errors = {}) {
    Machine machine = *find_machine("kapoho-point");
    machine.link.errors = errors;
    machine.hash = machine_hash(machine);
    return machine;
}

/// What the root has of a run that so many ranks share; Catch's checks are for one thread. 1: without Ranks.
struct Shared {
    std::string text, checkpoint;
    bool stopped = false;
    std::size_t faults = 0;  ///< rows of links in the run
    friend bool operator==(const Shared&, const Shared&) = default;
};
Shared share(const Machine& machine, int ranks, SyncMode sync,
             const std::function<CheckpointOptions(bool root)>& checkpoint, const std::string& path) {
    const Program& program = small_program();
    const Mapping mapping = test::spread(program, machine, 7, 3);
    Shared shared;
    const auto run = [&](Ranks* of) {
        const bool root = of == nullptr || of->is_root();
        std::map<int, std::string> said;
        TokenOptions options;
        options.sync = sync;
        options.ranks = of;
        options.prompts = {{3, 77, 12, 5}, {9, 9}};
        options.new_tokens = 3;
        options.checkpoint = checkpoint(root);
        options.resumed = [&](int stream, std::int32_t id) { said[stream] += " " + std::to_string(id); };
        options.sample = [&](int stream, int, std::span<const std::int32_t> logits) {
            if (stream == 1) return -1;  // ends early
            const auto id = greedy_token(logits);
            options.resumed(stream, id);
            return id;
        };
        try {
            auto made = simulate_tokens(program, machine, mapping, options);
            if (!root) return;
            if (made) made->parameters = 1;
            if (made && made->faults) shared.faults = made->faults->links.size();
            shared.text = made ? run_json(*made).value() : to_string(made.error());
            for (const auto& [stream, ids] : said) shared.text += std::to_string(stream) + ids;
        } catch (const Stopped&) {
            if (root) shared.stopped = true;
        }
    };
    if (ranks == 1)
        run(nullptr);
    else
        test::ThreadRounds(ranks).run([&](Ranks& of) { run(&of); });
    shared.checkpoint = read_file(path).value_or("");
    return shared;
}

/// The root resumes from `saved`.
auto resuming(const Checkpoint& saved) {
    return [&saved](bool root) {
        CheckpointOptions options;
        if (root) options.resume = &saved;
        return options;
    };
}

/// Saves at a window on 1, 2 and 5 ranks, and goes on from there on 1, 2, 3 and 8.
/// Returns what the root of one has.
Shared check_window(const Machine& machine, SyncMode sync, std::int64_t window) {
    CAPTURE(sync_name(sync), window);
    const test::TemporaryPath file("run.ckpt");
    const auto saving = [&](bool root) {
        CheckpointOptions options;
        options.path = file.str();
        if (root) options.due = at_window(window);
        return options;
    };
    Shared alone = share(machine, 1, sync, saving, file.str());
    REQUIRE(alone.checkpoint.size() > 1000);
    for (const int ranks : {2, 5}) CHECK(share(machine, ranks, sync, saving, file.str()) == alone);
    const auto saved = Checkpoint::open(file.str());
    REQUIRE(saved);
    for (const int ranks : {1, 2, 3, 8}) {
        CAPTURE(ranks);
        CHECK(share(machine, ranks, sync, resuming(*saved), file.str()).text == alone.text);
    }
    return alone;
}

}  // namespace

TEST_CASE("a checkpoint has the same bytes on any number of ranks, and any number goes on with it", "[threads]") {
    for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
        for (const std::int64_t window : {1, 60, 200}) check_window(kapoho(), sync, window);
}

TEST_CASE("ranks go on with the faults of links that others saved", "[threads]") {
    for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
        for (const LinkErrors& errors :
             test::repeats<LinkErrors>({{bits_of_error_rate / 300, 4}, {bits_of_error_rate / 1000, 1}})) {
            CAPTURE(errors.attempts);
            CHECK(check_window(kapoho(errors), sync, 150).faults > 20);
        }
}

TEST_CASE("ranks stop together when one of them is asked to, and save first", "[threads]") {
    const test::TemporaryPath file("run.ckpt");
    const auto none = [](bool) { return CheckpointOptions{}; };
    const auto saving = [&](bool) {
        CheckpointOptions options;
        options.path = file.str();
        return options;
    };
    const Shared whole = share(kapoho(), 1, SyncMode::barrier, none, file.str());
    const std::atomic<bool> stop = true;
    for (const bool saves : {false, true}) {
        std::atomic<int> stopped = 0;
        test::ThreadRounds(3).run([&](Ranks& of) {
            const StopScope scope(of.rank() == 2 ? &stop : nullptr);
            TokenOptions options;
            options.ranks = &of;
            options.prompts = {{3, 77, 12, 5}, {9, 9}};
            options.new_tokens = 3;
            options.sample = [](int stream, int, std::span<const std::int32_t> logits) {
                return stream == 1 ? -1 : greedy_token(logits);
            };
            if (saves) options.checkpoint = saving(of.is_root());
            const Machine machine = *find_machine("kapoho-point");
            try {
                (void)simulate_tokens(small_program(), machine, test::spread(small_program(), machine, 7, 3), options);
            } catch (const Stopped&) {
                ++stopped;
            }
        });
        CHECK(stopped == 3);
        CHECK(std::filesystem::exists(file.str()) == saves);
    }
    const auto saved = Checkpoint::open(file.str());
    REQUIRE(saved);
    CHECK(share(kapoho(), 2, SyncMode::barrier, resuming(*saved), file.str()).text == whole.text);
}
