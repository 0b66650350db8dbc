#include "tools/prompts.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>
#include <iterator>

#include "core/files.hpp"
#include "tools/options.hpp"
#include "tools/ranks.hpp"

namespace tephra::tools {
namespace {

constexpr std::string_view white_space = " \t\n\r";
constexpr std::string_view digits = "0123456789";

/// Numbers of a prompt of ids, as they were written; none when it is text.
std::vector<std::string> id_words(const std::string& prompt) {
    std::vector<std::string> words;
    if (!prompt.starts_with('#')) return words;
    for (std::size_t at = 1; at < prompt.size();) {
        const std::size_t end = std::min(prompt.find_first_not_of(digits, at), prompt.size());
        if (end > at)
            words.push_back(prompt.substr(at, end - at));
        else if (white_space.find(prompt[at]) == std::string_view::npos)
            return {};
        at = std::max(end, at + 1);
    }
    return words;
}

/// Whether a text may have been meant as ids: '#' and a digit, or nothing but '#' and white space.
bool looks_like_ids(const std::string& text) {
    if (!text.starts_with('#')) return false;
    return text.find_first_not_of(white_space, 1) == std::string::npos || text.find_first_of(digits, 1) == 1;
}

/// All of it. mpirun gives it to the root alone.
std::string standard_input() {
    std::string text;
    if (is_root()) text.assign(std::istreambuf_iterator<char>(std::cin), {});
    if (ranks() != nullptr) ranks()->broadcast(text);
    return text;
}

/// The prompts as they were written; "-" stands for all of standard input.
std::vector<std::string> written_prompts(const PromptOptions& options) {
    std::vector<std::string> prompts = options.texts;
    if (!options.file.empty()) prompts.push_back(require(read_file(options.file)));
    if (prompts.empty())
        throw Failure{{ErrorCode::usage, "there is no prompt", "--prompt", "give --prompt or --prompt-file"}};
    if (std::ranges::count(options.texts, "-") > 1)
        throw Failure{{ErrorCode::usage, "standard input can be one prompt only", "--prompt", "give '-' once"}};
    for (std::string& prompt : prompts)
        if (prompt == "-" && options.file.empty()) prompt = standard_input();
    return prompts;
}

Prompt encode(const std::string& written, const Deployment& model, const std::string& path,
              const Tokenizer* tokenizer) {
    Prompt prompt;
    const auto words = id_words(written);
    prompt.is_text = words.empty();
    for (const std::string& word : words) {
        std::int32_t id = 0;
        const int last = model.graph.config.vocab_size - 1;
        if (const auto fault = read_integer<int>(word, 0, last, id); !fault.empty())
            throw Failure{{ErrorCode::usage, "token id " + fault, "--prompt", "give ids of the model's vocabulary"}};
        prompt.ids.push_back(id);
    }
    if (!prompt.is_text) return prompt;
    if (tokenizer == nullptr)
        throw Failure{{ErrorCode::bad_input, "the model holds no tokenizer, so a prompt cannot be text", path,
                       "synthetic models have none: give token ids as the prompt, like --prompt '#1 17 4'"}};
    if (looks_like_ids(written))
        spdlog::warn(
            "a prompt that begins like token ids is taken as text: ids are '#' and numbers with spaces between "
            "them, like '#1 17 4'");
    prompt.ids = tokenizer->encode(written, model.graph.config.bos_token_id);
    if (prompt.ids.empty())
        throw Failure{{ErrorCode::usage, "the prompt is empty, and this model puts no token before a text", "--prompt",
                       "give some text to continue"}};
    return prompt;
}

}  // namespace

void add_prompt_options(CLI::App& command, PromptOptions& options) {
    auto* prompt =
        add_texts(command, "--prompt", options.texts,
                  "text to continue; or '#' and token ids: '#1 17 4'; - reads standard input; once a prompt");
    add_word(command, "--prompt-file", options.file, "file or pipe with the prompt")->excludes(prompt);
}

std::optional<Tokenizer> tokenizer_of(const Deployment& model, const std::string& path) {
    if (model.tokenizer.empty()) return std::nullopt;
    Tokenizer tokenizer = require(Tokenizer::parse(model.tokenizer, path));
    require(tokenizer.check_vocabulary(model.graph.config, path));
    return tokenizer;
}

std::vector<Prompt> read_prompts(const PromptOptions& options, const Deployment& model, const std::string& path,
                                 const Tokenizer* tokenizer, int streams) {
    const auto written = written_prompts(options);
    const auto wanted = static_cast<std::size_t>(streams);
    if (written.size() > wanted)
        throw Failure{{ErrorCode::usage,
                       std::to_string(written.size()) + " prompts for " + std::to_string(streams) +
                           (streams == 1 ? " stream" : " streams"),
                       "--prompt", "a stream continues one prompt: give fewer prompts or more streams"}};
    std::vector<Prompt> prompts;
    for (std::size_t s = 0; s < wanted; ++s)
        prompts.push_back(s < written.size() ? encode(written[s], model, path, tokenizer)
                                             : prompts[s % written.size()]);
    return prompts;
}

Continuation::Continuation(const Tokenizer* tokenizer, const Prompt& prompt) {
    if (tokenizer == nullptr || !prompt.is_text) return;
    decoder_.emplace(*tokenizer);
    for (const std::int32_t id : prompt.ids) decoder_->next(id);  // only what follows the prompt is text
}

std::string Continuation::next(std::int32_t id) {
    if (decoder_) return decoder_->next(id);
    return (std::exchange(first_, false) ? "" : " ") + std::to_string(id);
}

std::string Continuation::finish() {
    return decoder_ ? decoder_->finish() : "";
}

}  // namespace tephra::tools
