#pragma once
// How fast the core would run a model on a device, what it would take of it, and what bounds it: counted cycles,
// measured resources, and the device's description. Nothing here was run on hardware.
#include <optional>
#include <string>

#include "backends/fpga/cycles.hpp"
#include "backends/fpga/device.hpp"
#include "backends/fpga/resources.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "simulator/lm/baseline.hpp"
#include "simulator/lm/model_shape.hpp"

namespace tephra::fpga {

/// What is asked for.
struct FpgaTask {
    ModelConfig config;                     ///< sizes alone count
    FloatType embedding = FloatType::bf16;  ///< storage of the embedding table
    int lanes = base_lanes;
    Packing packing = Packing::two_bits;
    int streams = 1;
    std::string memory;               ///< of the device, by name; "": its first
    std::optional<double> clock_mhz;  ///< instead of the device's, stated by the caller
};

/// What a token's time is spent on mostly.
enum class Bound : std::uint8_t {
    memory,   ///< the memory brings words more slowly than the core takes them
    lanes,    ///< products, a word a cycle; a wider core would fit
    luts,     ///< products, and a core of twice the lanes does not fit
    rows,     ///< products, a row a cycle: more lanes than a row has columns do not help
    latency,  ///< what lies between products: quantizing, scales, pipelines that drain
};
const std::string& bound_name(Bound bound);

struct FpgaEstimate {
    CoreShape shape;
    Resources needs;     ///< of synthesis
    double placed_luts;  ///< after place and route, by the family's measured ratio
    FpgaMemory memory;
    Price clock_mhz;
    CycleCount cycles;                                   ///< with an ideal memory
    double token_cycles = 0;                             ///< with this memory
    double image_bytes = 0;                              ///< what the memory holds
    double token_bytes = 0;                              ///< read for a token of every stream
    double memory_ms = 0, lanes_ms = 0, latency_ms = 0;  ///< least times of a token; the first two run side by side
    Bound bound = Bound::lanes;
    double tokens_per_s = 0;  ///< of all streams
    Price mj_per_token;       ///< the device's power over that rate
};

/// The estimate, or why the core does not fit. Errors: does_not_fit with what is needed and what is there; usage
/// (lanes); bad_input (memory).
Result<FpgaEstimate> estimate(const FpgaTask& task, const FpgaDevice& device, const FamilyTable& family);

/// The task with the lanes that give the most tokens a second, of those that fit; the fewest within 1 % of the best.
/// Errors: why the smallest core does not fit.
Result<FpgaTask> best_lanes(FpgaTask task, const FpgaDevice& device, const FamilyTable& family);

/// Sizes of a published shape.
ModelConfig config_of(const ModelShape& shape);

/// The estimate as a row of compare, kind derived.
Baseline baseline_of(const FpgaEstimate& estimate, const FpgaDevice& device, const std::string& model);

Json estimate_json(const FpgaEstimate& estimate, const FpgaDevice& device, const FamilyTable& family);

}  // namespace tephra::fpga
