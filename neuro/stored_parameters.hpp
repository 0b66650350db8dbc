#pragma once
// Parameters of a neuron model or a synapse format on their way to a file and back: integers by name. Each kind writes
// its own and reads them again, beside its factory, so that nobody else needs to know them.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace tephra {

struct StoredParameter {
    std::string name;
    std::vector<std::int32_t> values;
};
using StoredParameters = std::vector<StoredParameter>;

/// Reads parameters strictly: each must be there and be asked for. The first fault is kept, later calls return their
/// fallback, which every factory can take, and finish() reports it.
class ParameterReader {
public:
    /// `place`: of the parameters, for errors.
    ParameterReader(StoredParameters parameters, std::string place);

    /// All values; empty where the parameter is missing.
    std::vector<std::int32_t> values(std::string_view name);
    /// The one value, within [min, max]; else `min`.
    std::int32_t integer(std::string_view name, std::int32_t min, std::int32_t max);
    /// The one value; the factory checks its range.
    std::int32_t integer(std::string_view name);
    /// As many values as the array has; else zeros.
    template <std::size_t N>
    std::array<std::int32_t, N> array(std::string_view name) {
        const std::vector<std::int32_t> given = exactly(name, N);
        std::array<std::int32_t, N> out{};
        for (std::size_t i = 0; i < N; ++i) out[i] = given[i];
        return out;
    }
    /// At least one value; else a zero.
    std::vector<std::int32_t> some(std::string_view name);
    /// Errors: bad_input with the first fault, or a parameter that nobody asked for.
    [[nodiscard]] Result<void> finish() const;

private:
    std::vector<std::int32_t> exactly(std::string_view name, std::size_t count);
    void fault(std::string_view name, std::string message, std::string hint);
    StoredParameters parameters_;
    std::vector<std::string> known_;  ///< asked for so far
    std::string place_;
    bool failed_ = false;
    Error error_;
};

}  // namespace tephra
