#pragma once
// Baselines: speed and energy of other machines on the same task, published, measured or derived. Read from JSON.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "simulator/cost_table.hpp"

namespace tephra {

struct Baseline {
    std::string device;        ///< "NVIDIA H100 80GB HBM3"
    std::string device_class;  ///< gpu, neuromorphic, fpga or cpu
    std::string software;
    std::string model;  ///< known shape ("mmfree-370m") or another model's name
    RunMode mode = RunMode::generate;
    std::optional<int> batch;  ///< sequences at once; none: not stated
    std::optional<std::int64_t>
        length;  ///< tokens of the sequence; none: not stated, or the figure does not depend on it
    double tokens_per_s = 0;
    double mj_per_token = 0;
    std::optional<double> watts;
    PowerScope scope = PowerScope::system;  ///< of energy and power
    Evidence kind = Evidence::cited;
    std::string source;
    std::string date;          ///< "2026-11-22", or empty
    std::string machine_kind;  ///< kind of simulated machine that this row is a measurement of, or empty
    bool calibrates = false;   ///< the row was used to derive prices or times: agreement with it is no prediction
};

/// Reads a baselines file. Errors: bad_input with file and JSON pointer.
Result<std::vector<Baseline>> parse_baselines(std::string_view text, const std::string& place);
Result<std::vector<Baseline>> read_baselines(const std::string& path);

/// The baselines that ship: every file of benchmarks/baselines, by name.
Result<std::vector<Baseline>> shipped_baselines();

}  // namespace tephra
