#pragma once
// ModelSource: where the real-valued tensors of a model come from, one at a time; write_model() makes a .tph of them.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "core/error.hpp"
#include "neuro/lm/tensors.hpp"
#include "neuro/lm/tph.hpp"

namespace tephra {

/// Takes the next bytes of a tensor.
using ByteSink = std::function<Result<void>(std::span<const std::byte>)>;

class ModelSource {
public:
    virtual ~ModelSource() = default;
    [[nodiscard]] virtual const TphHead& head() const = 0;
    /// [V x d] in head().embedding_type, row-major.
    virtual Result<void> embeddings(const ByteSink& sink) = 0;
    /// Packed rows of a ternary matrix; returns its scale.
    virtual Result<double> weights(const WeightTensor& tensor, const ByteSink& sink) = 0;
    virtual Result<void> norm(const NormTensor& tensor, std::span<float> out) = 0;
    /// [L x d], latent; asked only when the model has them.
    virtual Result<void> lower_bounds(std::span<float> out) = 0;
};

/// Writes the model to `path`, calibrated on the ids. No more than one row of a matrix is held in memory beside the
/// file's own pages. Errors: those of the source, of quantize() and of writing; then no file is left.
Result<void> write_model(ModelSource& source, std::span<const std::int32_t> calibration_ids, int threads,
                         const std::string& path);

}  // namespace tephra
