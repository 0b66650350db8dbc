#pragma once
// The deployment file .tph of a language model (docs/formats.md describes every byte): sections in one order, each at a
// multiple of 64 bytes, read in place through a mapping.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/files.hpp"
#include "neuro/lm/deployment.hpp"
#include "neuro/tph_table.hpp"

namespace tephra {

/// Sections in file order.
enum class TphSection : std::uint8_t {
    config,      ///< ModelConfig and the type of the embeddings
    name,        ///< text
    origin,      ///< how the file was made, one JSON object
    tokenizer,   ///< serialized SentencePiece model, may be empty
    embeddings,  ///< [V x d] in the checkpoint's type
    weights,     ///< packed ternary matrices in the order of weight_tensors()
    norms,       ///< f32, in the order of norm_tensors()
    bounds,      ///< f32 [L x d] latent lower bounds; empty when the model has none
    scales,      ///< f64, one for each matrix of `weights`
    integers,    ///< QuantizedModel
};
inline constexpr std::size_t tph_sections = 10;

/// Name of a section as in the file's table: "weights".
std::string_view section_name(TphSection section);

/// What a deployment file says beside tensors.
struct TphHead {
    ModelConfig config;
    FloatType embedding_type = FloatType::bf16;
    std::string name;
    std::string origin;  ///< JSON text
    std::string tokenizer;
};

/// Bytes of the file of a model with this head.
std::uint64_t tph_bytes(const TphHead& head);

/// Writes a deployment file from front to back, so that no more than one tensor needs to be in memory. The file appears
/// under its name when commit() has succeeded; until then, and after an error, only a temporary exists.
class TphWriter {
public:
    /// Writes the sections before the tensors. Errors: bad_input for a head that parse_tph() would refuse, a file of
    /// more than max_tph_bytes or than the disk has free, and an output that is no file.
    static Result<TphWriter> create(const std::string& path, const TphHead& head);
    /// Starts a section; the tensors' sections follow `tokenizer` in file order.
    Result<void> begin(TphSection section);
    Result<void> append(std::span<const std::byte> bytes);
    /// The model written so far, mapped from the temporary file; call after `scales` was written.
    Result<std::shared_ptr<const LayerGraph>> map_graph();
    /// Adds the integer parameters, the header and the hashes, and publishes the file.
    Result<void> commit(const QuantizedModel& quantized);

private:
    explicit TphWriter(OutputFile file) : file_(std::move(file)) {}
    Result<void> section(TphSection section, std::string_view bytes);
    OutputFile file_;
    TphHead head_;
    std::array<TphSpan, tph_sections> table_{};
    TphSection current_ = TphSection::config;
    std::shared_ptr<const MappedFile> mapping_;
};

/// Reads a deployment file from memory that `storage` keeps alive and that is aligned to 64 bytes. Errors: see
/// load_model().
Result<std::shared_ptr<const Deployment>> parse_tph(std::span<const std::byte> bytes, const std::string& place,
                                                    std::shared_ptr<const void> storage,
                                                    HashCheck check = HashCheck::verify);

/// Place of each section of a file that load_model() accepts.
Result<std::array<TphSpan, tph_sections>> read_tph_table(const std::string& path);

}  // namespace tephra
