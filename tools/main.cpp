// The command-line program: stdout is data, stderr is log.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "tools/command.hpp"

using namespace tephra;

int main(int argc, char** argv) {
    spdlog::set_default_logger(spdlog::stderr_color_mt("tephra"));
    spdlog::set_pattern("%^%l%$: %v");
    CLI::App app{"tephra: run MatMul-free language models on simulated neuromorphic machines"};
    app.set_version_flag("--version", "tephra " TEPHRA_VERSION);
    app.require_subcommand(1);
    tools::add_eval_command(app);
    tools::add_compare_command(app);
    tools::add_lower_command(app);
    tools::add_map_command(app);
    tools::add_report_command(app);
    tools::add_generate_command(app);
    tools::add_info_command(app);
    tools::add_import_command(app);
    tools::add_simulate_command(app);
    tools::add_synth_command(app);
    tools::add_measure_command(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(ErrorCode::usage);
    } catch (const tools::Failure& failure) {
        spdlog::error("{}", to_string(failure.error));
        return static_cast<int>(failure.error.code);
    } catch (const std::exception& error) {
        spdlog::error("internal error: {}", error.what());
        return static_cast<int>(ErrorCode::internal);
    }
    return 0;
}
