#pragma once
// Safetensors files (github.com/huggingface/safetensors, "Format"): 8 bytes of header length, a JSON header, tensors
// without gaps. Nothing that the header says is believed before it is checked.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "neuro/lm/float_type.hpp"

namespace tephra {

struct TensorEntry {
    std::string name;
    FloatType type = FloatType::bf16;
    std::vector<std::int64_t> shape;
    std::uint64_t offset = 0;  ///< from the start of the file
    std::uint64_t bytes = 0;
};

/// Tensors of a file of `file_bytes` bytes by its header text, in order of offset. Errors: bad_input naming the tensor:
/// offsets past the end, overlapping or leaving gaps, bytes that do not follow from shape and dtype, another dtype; and
/// a header that does not start with "{", has something else than spaces after its "}", or metadata other than strings.
Result<std::vector<TensorEntry>> parse_safetensors_header(std::string_view header, std::uint64_t file_bytes,
                                                          const std::string& place);

/// An open safetensors file. Tensors are read piece by piece and never mapped, so memory stays small.
class SafetensorsFile {
public:
    static Result<SafetensorsFile> open(const std::string& path);
    SafetensorsFile(SafetensorsFile&& other) noexcept;
    SafetensorsFile& operator=(SafetensorsFile&&) = delete;
    ~SafetensorsFile();
    [[nodiscard]] const std::string& path() const& { return path_; }
    [[nodiscard]] const std::vector<TensorEntry>& tensors() const& { return tensors_; }
    const std::string& path() const&& = delete;  // would dangle
    const std::vector<TensorEntry>& tensors() const&& = delete;
    /// Reads out.size() bytes of a tensor from byte `first` of it.
    Result<void> read(const TensorEntry& tensor, std::uint64_t first, std::span<std::byte> out) const;

private:
    SafetensorsFile() = default;
    int fd_ = -1;
    std::string path_;
    std::vector<TensorEntry> tensors_;
};

}  // namespace tephra
