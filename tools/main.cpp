// The command-line program: stdout is data, stderr is log.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "core/text.hpp"
#include "tools/command.hpp"
#include "tools/process.hpp"
#include "tools/ranks.hpp"

using namespace tephra;

namespace {

int report(const Error& error) {
    spdlog::error("{}", printable(to_string(error)));
    return static_cast<int>(error.code);
}

/// The nearest of some names as a hint.
std::string nearest_hint(const std::string& word, const std::vector<std::string>& names) {
    const std::string nearest = nearest_name(word, names);
    return nearest.empty() ? "--help lists them all" : "did you mean " + nearest + "?";
}

/// Verbs below the program.
std::vector<std::string> verb_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(verb->get_name());
    return names;
}

/// Long names of the options of a verb.
std::vector<std::string> option_names(const CLI::App& verb) {
    std::vector<std::string> names;
    for (const CLI::Option* option : verb.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

/// What is wrong with an option that was given twice, without its value or with one that it does not take.
Error count_error(const CLI::App& verb, const std::string& what) {
    std::string name = what.substr(0, what.find_first_of(": "));
    if (!name.starts_with('-')) name = "--" + name;  // CLI11 leaves them out before flags
    const CLI::Option* option = verb.get_option_no_throw(name);
    if (option == nullptr) return {ErrorCode::usage, what, verb.get_name(), "--help says more"};
    if (option->count() > 1)
        return {ErrorCode::usage, "given " + std::to_string(option->count()) + " times", name, "give it once"};
    if (option->get_items_expected_max() == 0)
        return {ErrorCode::usage, "it takes no value", name, "give it alone or not at all"};
    return {ErrorCode::usage, "a value is missing", name, "--help says which"};
}

/// What is wrong with words that nothing expects, with the nearest name.
Error extras_error(const CLI::App& app, const CLI::App& verb, const std::vector<std::string>& extras) {
    const auto is_option = [](const std::string& word) { return word.size() > 1 && word.starts_with('-'); };
    if (&verb == &app && !is_option(extras.front()))
        return {ErrorCode::usage, "there is no verb \"" + extras.front() + "\"", app.get_name(),
                nearest_hint(extras.front(), verb_names(app))};
    const auto option = std::ranges::find_if(extras, is_option);
    if (option != extras.end()) {
        const std::string name = option->substr(0, option->find('='));
        return {ErrorCode::usage, "there is no option " + name, verb.get_name(),
                nearest_hint(name, option_names(verb))};
    }
    return {ErrorCode::usage, "the argument \"" + extras.front() + "\" was not expected", verb.get_name(),
            "--help says more"};
}

/// What is wrong with a command line.
Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
    const auto verbs = app.get_subcommands();
    const CLI::App& verb = verbs.empty() ? app : *verbs.front();
    const auto kind = static_cast<CLI::ExitCodes>(error.get_exit_code());
    const auto before = app.remaining();  // words before the verb
    const auto extras = verb.remaining();
    if (!before.empty()) return extras_error(app, app, before);
    if (verbs.empty())
        return {ErrorCode::usage, "no verb is given", app.get_name(), "give one of " + joined(verb_names(app))};
    if (kind == CLI::ExitCodes::ArgumentMismatch) return count_error(verb, error.what());
    if (kind == CLI::ExitCodes::ExtrasError && !extras.empty()) return extras_error(app, verb, extras);
    return {ErrorCode::usage, error.what(), verb.get_name(), "--help says more"};
}

/// Parses the command line, which runs the verb; or prints what --help and --version ask for.
void parse(CLI::App& app, int argc, char** argv) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& help) {
        app.exit(help);
    }
}

std::optional<Error> run(CLI::App& app, int argc, char** argv) {
    try {
        parse(app, argc, argv);
    } catch (const CLI::ParseError& error) {
        return usage_error(app, error);
    } catch (const tools::Failure& failure) {
        return failure.error;
    } catch (const RanksFailed& failed) {
        return failed.error();
    } catch (const tools::Interrupted& stopped) {
        if (stopped.failed)
            spdlog::error("{}", printable(stopped.message));
        else
            spdlog::info("{}", printable(stopped.message));
        std::cout.exceptions(std::ios::goodbit);
        std::cout.flush();
        (void)tools::leave_ranks(std::nullopt);  // the root has printed before the launcher sees any rank end
        tools::end_by_signal(stopped.signal);
    } catch (const std::ios_base::failure&) {
        return std::nullopt;  // std::cout says so below
    } catch (const std::exception& error) {
        return Error{ErrorCode::internal, std::string("internal error: ") + error.what(), "", ""};
    }
    return std::nullopt;
}

/// Several processes are for `simulate` alone: of another verb each would do the same work and write the same files.
void refuse_ranks(CLI::App& app) {
    for (CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
        if (verb->get_name() != "simulate")
            verb->parse_complete_callback([verb] {
                throw tools::Failure{
                    {ErrorCode::usage, "it runs in one process", verb->get_name(), "mpirun is for tephra simulate"}};
            });
}

}  // namespace

int main(int argc, char** argv) {
    tools::open_standard_streams();
    tools::install_signal_handlers();
    std::cout.exceptions(std::ios::badbit);  // the verb ends at the first write that fails
    spdlog::set_default_logger(spdlog::stderr_color_mt("tephra"));
    spdlog::set_pattern("%^%l%$: %v");
    CLI::App app{"tephra: run MatMul-free language models on simulated neuromorphic machines", "tephra"};
    app.set_version_flag("--version", "tephra " TEPHRA_VERSION " (" + tools::mpi_version() + ")");
    app.require_subcommand(1);
    tools::add_eval_command(app);
    tools::add_score_command(app);
    tools::add_compare_command(app);
    tools::add_lower_command(app);
    tools::add_map_command(app);
    tools::add_report_command(app);
    tools::add_generate_command(app);
    tools::add_run_command(app);
    tools::add_info_command(app);
    tools::add_import_command(app);
    tools::add_simulate_command(app);
    tools::add_synth_command(app);
    tools::add_measure_command(app);
    tools::add_fpga_command(app);
    tools::add_validate_command(app);
    std::optional<Error> error;
    if (const auto alone_or_joined = tools::join_ranks(); !alone_or_joined) error = alone_or_joined.error();
    if (tools::ranks() != nullptr) refuse_ranks(app);
    if (!error) error = run(app, argc, argv);
    std::cout.exceptions(std::ios::goodbit);
    if (!std::cout.flush() && !error)
        error = Error{ErrorCode::bad_input, "cannot write to standard output", "", "it is closed or full"};
    const bool prints = tools::is_root();
    error = tools::leave_ranks(std::move(error));
    // Of several ranks the root alone ends with the code: when another does, mpirun ends all before the root has
    // printed.
    return error && prints ? report(*error) : 0;
}
