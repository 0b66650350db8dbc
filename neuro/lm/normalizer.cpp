#include "neuro/lm/normalizer.hpp"

namespace tephra {

std::optional<int> Normalizer::fire(const SliceRound& slice) const {
    const NormScales scales = norm_scales(*norm_, read_record(*norm_, slice.records[0]));
    const auto outputs = static_cast<std::size_t>(norm_->outputs);
    for (std::size_t k = 0; k < outputs; ++k) {
        slice.record[k] = scale_word(scales.quantize[k]);
        slice.record[outputs + k] = scale_word(scales.dequantize[k]);
    }
    return std::nullopt;
}

}  // namespace tephra
