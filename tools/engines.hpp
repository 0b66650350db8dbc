#pragma once
// Engines by name, for the verbs that let the user choose.
#include <memory>
#include <string>

#include "backends/cuda/engine.hpp"
#include "backends/fpga/board_engine.hpp"
#include "backends/fpga/engine.hpp"
#include "backends/fpga/lockstep.hpp"
#include "backends/fpga/serial_port.hpp"
#include "tools/command.hpp"
#include "tools/options.hpp"

namespace tephra::tools {

/// What belongs to the engines "rtl" and "fpga" alone.
struct FpgaOptions {
    int lanes = 0;  ///< of rtl; 0: the widest core that was built
    bool check = false;
    std::string port;  ///< of fpga
    int baud = 3'000'000;
};

inline void add_rtl_options(CLI::App& command, FpgaOptions& options) {
    constexpr int most_lanes = 65536;
    add_integer(command, "--rtl-lanes", options.lanes, 1, most_lanes,
                "weights a cycle of the simulated FPGA core (rtl); default: the most that was built");
    add_switch(command, "--rtl-check", options.check,
               "compare each value with the golden engine and stop at the first difference (rtl)");
}

inline void add_board_options(CLI::App& command, FpgaOptions& options) {
    add_word(command, "--port", options.port, "serial device of the board (fpga)");
    add_integer(command, "--baud", options.baud, 115200, 3'000'000, "its rate (fpga)");
}

/// Refuses the options of another engine than `name`, and `fpga` without a port.
inline void check_fpga_options(const CLI::App& command, const std::string& name, const FpgaOptions& options) {
    if (name != "rtl") refuse_ignored(command, {"--rtl-lanes", "--rtl-check"}, "without --engine rtl");
    if (command.get_option_no_throw("--port") == nullptr) return;
    if (name != "fpga") refuse_ignored(command, {"--port", "--baud"}, "without --engine fpga");
    if (name == "fpga" && options.port.empty())
        require(
            Result<void>(fail(ErrorCode::usage, "--engine fpga needs it", "--port", "name the board's serial device")));
}

/// The engines that score text, of `eval` and `score`; with rtl's options.
inline void add_scoring_engine(CLI::App& command, std::string& name, FpgaOptions& options) {
    add_choice(command, "--engine", name, {"float", "golden", "native", "cuda", "rtl"},
               "float (the reference), or an engine of the integer model (equal bits)");
    add_rtl_options(command, options);
}

/// Refuses the options of another engine that scores than `name`.
inline void check_scoring_engine(const CLI::App& command, const std::string& name, const FpgaOptions& options) {
    if (name == "cuda") refuse_ignored(command, {"--threads"}, "with --engine cuda");
    check_fpga_options(command, name, options);
}

/// "native", "golden", "cuda", "rtl" or "fpga", one stream unless told. Never falls back to another: ends the verb with
/// the error.
inline std::unique_ptr<Engine> require_engine(const std::string& name, std::shared_ptr<const Deployment> model,
                                              const EngineOptions& options, const FpgaOptions& chosen) {
    if (name == "cuda")
        return require(make_cuda_engine(std::move(model), {.streams = options.streams, .threads = options.threads}));
    if (name == "fpga")
        return require(
            make_board_engine(std::move(model), options, require(fpga::open_serial_port(chosen.port, chosen.baud))));
    if (name == "rtl") {
        RtlEngineOptions rtl;
        rtl.streams = options.streams;
        rtl.lanes = chosen.lanes;
        std::unique_ptr<Engine> core = require(make_rtl_engine(model, rtl));
        if (!chosen.check) return core;
        return fpga::make_lockstep_engine(std::move(core), require(make_golden_engine(model, options)), model);
    }
    return require((name == "golden" ? make_golden_engine : make_native_engine)(std::move(model), options));
}

}  // namespace tephra::tools
