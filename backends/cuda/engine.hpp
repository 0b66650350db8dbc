#pragma once
// The CUDA engine: the integer model on an NVIDIA GPU, equal bits.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "neuro/lm/engine.hpp"

namespace tephra {

/// What the engine runs on, for results.
struct CudaDevice {
    std::string name;
    int capability = 0;  ///< 10 major + minor
    int driver = 0;      ///< CUDA version of the driver, 1000 major + 10 minor
    int runtime = 0;     ///< CUDA version of this build
};

/// Device memory held, in bytes.
struct CudaMemory {
    std::size_t weights = 0;     ///< packed ternary weights, padding included
    std::size_t embeddings = 0;  ///< as stored
    std::size_t parameters = 0;  ///< gains, bounds, formats
    std::size_t state = 0;       ///< recurrent state of all streams
    std::size_t working = 0;     ///< buffers that grow with the batch
};

struct CudaEngineOptions {
    int streams = 1;
    int threads = 1;         ///< that pack the weights
    bool persistent = true;  ///< decode one stream in the persistent kernel, where the model fits it
    bool hopper = true;      ///< use warpgroup products where the device has them
};

class CudaEngine : public Engine {
public:
    /// Feeds `first` (one token a stream) and then `steps` - 1 times the greedy choice of each stream, without the host
    /// in between. Returns the choices after each step, [steps x first.size()].
    virtual Result<std::vector<std::int32_t>> generate(std::span<const std::int32_t> first, int steps) = 0;
    [[nodiscard]] virtual CudaDevice device() const = 0;
    [[nodiscard]] virtual CudaMemory memory() const = 0;
    /// True when decode() of one stream runs in the persistent kernel.
    [[nodiscard]] virtual bool persistent() const = 0;
};

/// True when this program was built with CUDA.
bool cuda_engine_built();

/// PCI address of the GPU that engines use, without making a context on it. Errors (device): built without CUDA, no
/// GPU.
Result<std::string> cuda_bus_id();

/// Errors: device (built without CUDA, no GPU, driver too old, GPU too old, code compiled for another GPU, out of
/// device memory); does_not_fit and bad_input: what backends/cuda/limits.hpp names.
Result<std::unique_ptr<CudaEngine>> make_cuda_engine(std::shared_ptr<const Deployment> model,
                                                     const CudaEngineOptions& options);

}  // namespace tephra
