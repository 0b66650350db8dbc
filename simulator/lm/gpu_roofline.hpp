#pragma once
// What a GPU could do with the same model and a kernel for each norm, product and elementwise operation: the larger of
// memory time and arithmetic time, plus the start of each kernel. A row made of it is marked derived.
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "simulator/lm/baseline.hpp"
#include "simulator/lm/model_shape.hpp"

namespace tephra {

struct GpuDescription {
    std::string device;
    PowerScope scope = PowerScope::system;
    Price bandwidth;          ///< GB/s of memory
    Price compute;            ///< TFLOP/s, 16 bit, dense
    Price launch;             ///< us per dependent kernel
    Price kernels_per_block;  ///< of a fused implementation
    Price idle, peak;         ///< W
};

/// Reads machines/gpus/*.json. Errors: bad_input with file and JSON pointer.
Result<GpuDescription> parse_gpu(std::string_view text, const std::string& place);

/// The GPU descriptions that ship, by name.
Result<std::vector<GpuDescription>> shipped_gpus();

struct RooflineTask {
    RunMode mode = RunMode::generate;
    int batch = 1;            ///< sequences in one generate step
    std::int64_t length = 1;  ///< tokens of a prefill
    int weight_bits = 16;     ///< of a weight in memory: 16 (as in the measured software) or 2 (packed)
};

/// step = max(bytes / bandwidth, 2 weights tokens / rate) + kernels x launch; power = idle + (peak - idle) x the part
/// of the step that is not kernel starts. Bytes: every weight once and the recurrent state (32 bit) read and written.
Baseline gpu_roofline(const GpuDescription& gpu, const ModelShape& shape, const RooflineTask& task);

}  // namespace tephra
