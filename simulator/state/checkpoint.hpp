#pragma once
// Checkpoint: the file that a run goes on from (docs/formats.md). It names the inputs of its run, and holds the state
// in sections: first what belongs to no chip, then one a chip. All of it is under hashes.
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/hash.hpp"

namespace tephra {

/// Something that decides what a run does: its model, an option. A run goes on only where all of them are the same.
struct CheckpointInput {
    std::string name, value;  ///< "machine", its hash
    friend bool operator==(const CheckpointInput&, const CheckpointInput&) = default;
};

/// A checkpoint that was read. Its hashes are right.
class Checkpoint {
public:
    /// Errors: those of MappedFile::open and parse().
    static Result<Checkpoint> open(const std::string& path);
    /// `bytes` must outlive it. Errors: bad_input: no checkpoint, one of another format, cut short, bytes that changed.
    static Result<Checkpoint> parse(std::span<const std::byte> bytes, const std::string& place);

    [[nodiscard]] const std::string& place() const { return place_; }
    [[nodiscard]] const std::vector<CheckpointInput>& inputs() const { return inputs_; }
    [[nodiscard]] std::size_t sections() const { return sections_.size(); }
    [[nodiscard]] std::span<const std::byte> section(std::size_t k) const { return sections_[k]; }

    /// Errors: bad_input with the first input that differs.
    [[nodiscard]] Result<void> accept(std::span<const CheckpointInput> inputs) const;

private:
    MappedFile file_;
    std::string place_;
    std::vector<CheckpointInput> inputs_;
    std::vector<std::span<const std::byte>> sections_;
};

/// Writes a checkpoint, section by section.
class CheckpointWriter {
public:
    /// Appends to `file`, which must outlive it.
    explicit CheckpointWriter(OutputFile& file) : file_(file) {}
    /// Comes first. Errors here and below: those of OutputFile::write.
    Result<void> begin(std::span<const CheckpointInput> inputs, std::size_t sections);
    Result<void> add(std::span<const std::byte> section);

private:
    OutputFile& file_;
    Hash128 last_;
};

}  // namespace tephra
