#include "tools/options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <thread>

#include "core/text.hpp"
#include "tools/command.hpp"

namespace tephra::tools {
namespace {

constexpr int most_paths = 1 << 16;  // of one option; far below what CLI11 takes for "unlimited"

CLI::Option* add_list(CLI::App& command, const std::string& names, std::vector<std::string>& values,
                      const std::string& help) {
    const CLI::callback_t read = [&values](const CLI::results_t& results) {
        values = results;
        return true;
    };
    // Without "extra" arguments CLI11 does not split "[a,b]".
    return command.add_option(names, read, help)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

std::string out_of_range(const std::string& text, const std::string& min, const std::string& max) {
    return text + " is out of range: " + min + " to " + max;
}

}  // namespace

CLI::Option* add_word(CLI::App& command, const std::string& names, std::string& value, const std::string& help) {
    const CLI::Validator not_empty([](const std::string& text) { return text.empty() ? "is empty" : ""; }, "");
    return command.add_option(names, value, help)->check(not_empty);
}

CLI::Option* add_texts(CLI::App& command, const std::string& names, std::vector<std::string>& values,
                       const std::string& help) {
    return add_list(command, names, values, help)->type_name("TEXT");
}

CLI::Option* add_paths(CLI::App& command, const std::string& names, std::vector<std::string>& values,
                       const std::string& help) {
    return add_list(command, names, values, help)->type_name("PATH ...")->expected(1, most_paths);
}

CLI::Option* add_output(CLI::App& command, const std::string& names, std::string& value, const std::string& help) {
    const CLI::Validator path(
        [](const std::string& text) -> std::string {
            if (text == "-") return "'-' is no file here: standard output is for what the verb prints (./- is a file)";
            return "";
        },
        "");
    return add_word(command, names, value, help + "; a path, not -")->check(path)->type_name("FILE");
}

CLI::Option* add_choice(CLI::App& command, const std::string& names, std::string& value,
                        const std::vector<std::string>& choices, const std::string& help) {
    return command.add_option(names, value, help)->check(CLI::IsMember(choices))->capture_default_str();
}

CLI::Option* add_number(CLI::App& command, const std::string& names, double& value, double min, double max,
                        const std::string& help) {
    const CLI::callback_t read = [&value, min, max, names](const CLI::results_t& results) {
        const std::string& text = results.front();
        double number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc::invalid_argument || end != text.data() + text.size() || std::isnan(number))
            throw CLI::ValidationError(names, "'" + text + "' is not a decimal number");
        if (error != std::errc() || number < min || number > max)
            throw CLI::ValidationError(names, out_of_range(text, number_text(min), number_text(max)));
        value = number;
        return true;
    };
    return command.add_option(names, read, help)->type_name("NUMBER")->default_str(number_text(value));
}

CLI::Option* add_switch(CLI::App& command, const std::string& names, bool& value, const std::string& help) {
    return command.add_flag(names, value, help)
        ->multi_option_policy(CLI::MultiOptionPolicy::Throw)
        ->disable_flag_override();
}

template <std::integral T>
std::string read_integer(const std::string& text, T min, T max, T& value) {
    const std::size_t digits = text.starts_with('-') ? 1 : 0;
    if (text.size() == digits || text.find_first_not_of("0123456789", digits) != std::string::npos)
        return "'" + text + "' is not an integer in decimal digits";
    T number{};
    const auto error = std::from_chars(text.data(), text.data() + text.size(), number).ec;
    if (error != std::errc() || number < min || number > max)
        return out_of_range(text, std::to_string(min), std::to_string(max));
    value = number;
    return "";
}

template std::string read_integer(const std::string&, int, int, int&);
template std::string read_integer(const std::string&, std::int64_t, std::int64_t, std::int64_t&);
template std::string read_integer(const std::string&, std::uint64_t, std::uint64_t, std::uint64_t&);

std::vector<int> read_integers(const std::string& text, const std::string& option, int min, int max,
                               const std::string& hint) {
    std::vector<int> numbers;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        const auto fault = read_integer<int>(text.substr(at, end - at), min, max, numbers.emplace_back());
        if (!fault.empty())
            throw Failure{{ErrorCode::usage, "number " + std::to_string(numbers.size()) + ": " + fault, option, hint}};
        at = end + 1;
    }
    return numbers;
}

int default_threads() {
    return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, unsigned{max_threads}));
}

void refuse_ignored(const CLI::App& command, const std::vector<std::string>& options, const std::string& when) {
    for (const std::string& option : options)
        if (command.count(option) > 0)
            throw Failure{{ErrorCode::usage, "the option would be ignored " + when, option, "leave it out"}};
}

}  // namespace tephra::tools
