#pragma once
// Options of the verbs. Each value is taken as it was written, or refused with exit code 2 and the reason: no list
// syntax, no number that is clamped, no empty name that counts as none.
#include <CLI/CLI.hpp>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "neuro/team.hpp"

namespace tephra::tools {

/// One name or path, not empty.
CLI::Option* add_word(CLI::App& command, const std::string& names, std::string& value, const std::string& help);

/// One text for each use of the option, taken as it is, also when it is empty.
CLI::Option* add_texts(CLI::App& command, const std::string& names, std::vector<std::string>& values,
                       const std::string& help);

/// One or more paths after the option, which may be used again.
CLI::Option* add_paths(CLI::App& command, const std::string& names, std::vector<std::string>& values,
                       const std::string& help);

/// The path of an output: not empty, and not "-", which would mix it with what the verb prints.
CLI::Option* add_output(CLI::App& command, const std::string& names, std::string& value, const std::string& help);

/// One of some names.
CLI::Option* add_choice(CLI::App& command, const std::string& names, std::string& value,
                        const std::vector<std::string>& choices, const std::string& help);

/// A finite decimal number from min to max.
CLI::Option* add_number(CLI::App& command, const std::string& names, double& value, double min, double max,
                        const std::string& help);

/// A flag, given once and without a value.
CLI::Option* add_switch(CLI::App& command, const std::string& names, bool& value, const std::string& help);

/// What is wrong with `text` as a decimal integer from min to max; "" when nothing is, and `value` is set.
template <std::integral T>
std::string read_integer(const std::string& text, T min, T max, T& value);

/// An integer from min to max in decimal digits.
template <std::integral T>
CLI::Option* add_integer(CLI::App& command, const std::string& names, T& value, std::type_identity_t<T> min,
                         std::type_identity_t<T> max, const std::string& help) {
    const CLI::callback_t read = [&value, min, max, names](const CLI::results_t& results) {
        if (const std::string fault = read_integer<T>(results.front(), min, max, value); !fault.empty())
            throw CLI::ValidationError(names, fault);
        return true;
    };
    return command.add_option(names, read, help)->type_name("INT")->default_str(std::to_string(value));
}

/// The integers from min to max of a list with commas, "1,2,4". Ends the verb with exit code 2 at the first fault;
/// `hint` says what is meant.
std::vector<int> read_integers(const std::string& text, const std::string& option, int min, int max,
                               const std::string& hint);

/// --threads N.
inline CLI::Option* add_threads(CLI::App& command, int& value, const std::string& help) {
    return add_integer(command, "--threads", value, 1, max_threads, help);
}

/// --format, text, json or csv.
inline CLI::Option* add_format(CLI::App& command, std::string& value) {
    return add_choice(command, "--format", value, {"text", "json", "csv"}, "text, json or csv");
}

/// Threads of this machine, as many as a verb may be given.
int default_threads();

/// Ends the verb with exit code 2 when an option was given that would be ignored: "--batch: ignored <when>".
void refuse_ignored(const CLI::App& command, const std::vector<std::string>& options, const std::string& when);

}  // namespace tephra::tools
