#pragma once
// NVIDIA's management library, loaded when asked for: energy, power, clocks and temperature of a GPU.
#include <memory>
#include <string>

#include "core/error.hpp"

namespace tephra {

class Nvml {
public:
    /// Opens the device at a PCI address. Errors (device): the library or the device is not there, or it has no energy
    /// counter.
    static Result<Nvml> open(const std::string& bus_id);
    Nvml(Nvml&&) noexcept;
    Nvml& operator=(Nvml&&) noexcept;
    ~Nvml();

    [[nodiscard]] std::string driver() const;
    /// Energy of the board since the driver was loaded, in joules; steps in ticks of about 0.1 s.
    [[nodiscard]] double joules() const;
    /// Power of the board now, in watts; 0 where it cannot be read.
    [[nodiscard]] double watts() const;
    [[nodiscard]] int clock_mhz() const;  ///< of the multiprocessors
    [[nodiscard]] int memory_clock_mhz() const;
    [[nodiscard]] int celsius() const;

private:
    struct Library;
    explicit Nvml(std::unique_ptr<Library> library);
    std::unique_ptr<Library> library_;
};

}  // namespace tephra
