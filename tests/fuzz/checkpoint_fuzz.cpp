// Fuzz target: any bytes as a checkpoint give one error, and so does a checkpoint whose hashes are right and whose
// state was changed, or it loads. What was loaded is not run: nobody but tephra writes state under its hash.
//
// The bytes are changes of a sound checkpoint, so that no seed grows old with the fields of states: a mode, a section,
// then a place and a value each.
#include <unistd.h>

#include <array>
#include <filesystem>

#include "core/bytes.hpp"
#include "core/stop.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace tephra;
using namespace tephra::test;

namespace {

using Bytes = std::vector<std::byte>;

TokenOptions options_of(int mode) {
    TokenOptions options;
    options.sync = mode % 2 == 0 ? SyncMode::barrier : SyncMode::dataflow;
    options.noc = mode / 2 == 0 ? NocMode::contended : NocMode::ideal;
    options.prompts = {{3, 5}};
    options.new_tokens = 2;
    options.sample = [](int, int, std::span<const std::int32_t>) { return 1; };
    return options;
}

Result<Run> run(const TokenOptions& options) {
    static const Machine machine = find_machine("oheo-gulch").value();
    static const Mapping mapping = map_program(tiny_model().program, machine, {}).value();
    return simulate_tokens(tiny_model().program, machine, mapping, options);
}

/// A checkpoint in the middle of a run, as a file in memory.
struct Sound {
    std::vector<CheckpointInput> inputs;
    std::vector<Bytes> sections;
};

Sound sound_checkpoint(int mode) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("checkpoint_fuzz." + std::to_string(::getpid()))).string();
    TokenOptions options = options_of(mode);
    options.checkpoint.path = path;
    options.checkpoint.due = [windows = 0]() mutable { return ++windows == 3; };
    require(run(options).has_value());
    const auto saved = Checkpoint::open(path);
    require(saved.has_value());
    Sound sound{saved->inputs(), {}};
    for (std::size_t k = 0; k < saved->sections(); ++k)
        sound.sections.emplace_back(saved->section(k).begin(), saved->section(k).end());
    std::filesystem::remove(path);
    return sound;
}

/// Loads the sections and stops there.
void load(const Sound& from, int mode) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("checkpoint_fuzz." + std::to_string(::getpid()))).string();
    auto file = OutputFile::create_regular(path);
    require(file.has_value());
    CheckpointWriter writer(*file);
    require(writer.begin(from.inputs, from.sections.size()).has_value());
    for (const Bytes& section : from.sections) require(writer.add(section).has_value());
    require(file->commit().has_value());
    const auto saved = Checkpoint::open(path);
    require(saved.has_value());
    TokenOptions options = options_of(mode);
    options.checkpoint.resume = &*saved;
    const std::atomic<bool> stop = true;
    const StopScope scope(&stop);
    try {
        const auto made = run(options);
        require(!made && accepted_text(made) == false);
    } catch (const Stopped&) {
    }
    std::filesystem::remove(path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    accepted_text(Checkpoint::parse(std::as_bytes(std::span(data, size)), "fuzz"));
    static const std::array<Sound, 4> sound = {sound_checkpoint(0), sound_checkpoint(1), sound_checkpoint(2),
                                               sound_checkpoint(3)};
    ByteReader in(std::as_bytes(std::span(data, size)));
    const int mode = in.get<std::uint8_t>() % 4;
    Sound changed = sound[static_cast<std::size_t>(mode)];
    Bytes& section = changed.sections[in.get<std::uint8_t>() % changed.sections.size()];
    while (true) {
        const auto at = in.get<std::uint32_t>();
        const auto value = in.get<std::uint64_t>();
        const auto bytes = in.get<std::uint8_t>() % 10;
        if (!in.ok()) break;
        if (bytes == 9) {
            section.resize(at % (section.size() + 1));  // cut
            continue;
        }
        for (std::size_t k = 0; k < static_cast<std::size_t>(bytes) && (at + k) < section.size(); ++k)
            section[at + k] = static_cast<std::byte>(value >> 8 * k);
    }
    load(changed, mode);
    return 0;
}
