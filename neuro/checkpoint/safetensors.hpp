#pragma once
// Safetensors files (github.com/huggingface/safetensors, "Format"): 8 bytes of header length, a JSON header, tensors
// without gaps. Nothing that the header says is believed before it is checked.
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "neuro/float_type.hpp"

namespace tephra {

struct TensorEntry {
    std::string name;
    FloatType type = FloatType::bf16;
    std::vector<std::int64_t> shape;
    std::uint64_t offset = 0;  ///< from the start of the file
    std::uint64_t bytes = 0;
};

/// Tensors of a file of `file_bytes` bytes by its header text, in order of offset. Errors: bad_input naming the tensor:
/// offsets past the end, overlapping or leaving gaps, bytes that do not follow from shape and dtype, another dtype.
Result<std::vector<TensorEntry>> parse_safetensors_header(std::string_view header, std::uint64_t file_bytes,
                                                          const std::string& place);

/// An open safetensors file. Tensors are read piece by piece and never mapped, so memory stays small.
class SafetensorsFile {
public:
    static Result<SafetensorsFile> open(const std::string& path);
    SafetensorsFile(SafetensorsFile&& other) noexcept;
    SafetensorsFile& operator=(SafetensorsFile&&) = delete;
    ~SafetensorsFile();
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const std::vector<TensorEntry>& tensors() const { return tensors_; }
    /// Reads out.size() bytes of a tensor from byte `first` of it.
    Result<void> read(const TensorEntry& tensor, std::uint64_t first, std::span<std::byte> out) const;

private:
    SafetensorsFile() = default;
    int fd_ = -1;
    std::string path_;
    std::vector<TensorEntry> tensors_;
};

/// The tensors of a checkpoint directory: model.safetensors, or the shards of model.safetensors.index.json.
class TensorStore {
public:
    /// Errors: bad_input for a missing shard, a tensor that the index puts into a shard without it, a tensor in two
    /// shards or in none.
    static Result<TensorStore> open(const std::string& directory);
    /// The tensor of that name and shape. Errors: bad_input when absent (with the nearest name) or of another shape.
    struct Found {
        const SafetensorsFile* file = nullptr;
        const TensorEntry* tensor = nullptr;
    };
    [[nodiscard]] Result<Found> find(const std::string& name, const std::vector<std::int64_t>& shape) const;
    [[nodiscard]] bool has(const std::string& name) const { return tensors_.find(name) != tensors_.end(); }
    /// Names of all tensors, sorted.
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] const std::string& directory() const { return directory_; }

private:
    Result<void> add(const std::string& path);
    std::string directory_;
    std::vector<std::unique_ptr<SafetensorsFile>> files_;
    std::map<std::string, Found> tensors_;
};

}  // namespace tephra
