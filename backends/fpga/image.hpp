#pragma once
// The memory image of a model: everything that the core reads, in the order in which it reads it.
#include <cstdint>
#include <vector>

#include "backends/fpga/core_shape.hpp"
#include "core/error.hpp"
#include "neuro/lm/deployment.hpp"

namespace tephra::fpga {

/// A model as words of memory. A word is `units` x 32 bits, the lowest first; addresses count words.
struct Image {
    int units = 1;
    std::vector<std::uint32_t> data;
    [[nodiscard]] std::uint32_t words() const {
        return static_cast<std::uint32_t>(data.size() / static_cast<std::size_t>(units));
    }
};

inline constexpr std::uint32_t image_magic = 0x54465031;  ///< "TFP1": first unit of an image
inline constexpr int header_units = 12;                   ///< of a token and of a phase

/// Packs `model` for a core of this shape; layout in backends/fpga/README.md.
/// Errors: as check_fits(); does_not_fit when the image has 2^32 words or more.
Result<Image> pack_image(const Deployment& model, const CoreShape& shape);

}  // namespace tephra::fpga
