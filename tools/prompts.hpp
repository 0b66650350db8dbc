#pragma once
// Prompts of all verbs: what the user wrote becomes token ids, and the ids that follow become text again.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "neuro/lm/deployment.hpp"
#include "neuro/lm/tokenizer.hpp"
#include "tools/command.hpp"

namespace tephra::tools {

/// What --prompt and --prompt-file gave.
struct PromptOptions {
    std::vector<std::string> texts;
    std::string file;
};
void add_prompt_options(CLI::App& command, PromptOptions& options);

/// One prompt. '#', then decimal digits and white space alone, at least one digit: token ids. All else is text.
struct Prompt {
    std::vector<std::int32_t> ids;
    bool is_text = true;  ///< else it was given as ids, and ids continue it
};

/// The model's tokenizer, if it has one. Ends the verb when it does not belong to the model.
std::optional<Tokenizer> tokenizer_of(const Deployment& model, const std::string& path);

/// A prompt for each stream; fewer prompts than streams are given out in turn. Ends the verb on no prompt, more prompts
/// than streams, ids outside the vocabulary, text without a tokenizer, and a prompt without any token (an empty text is
/// a prompt where the tokenizer puts a token before every text).
std::vector<Prompt> read_prompts(const PromptOptions& options, const Deployment& model, const std::string& path,
                                 const Tokenizer* tokenizer, int streams);

/// What follows one prompt, as text or as ids with spaces between them.
class Continuation {
public:
    Continuation(const Tokenizer* tokenizer, const Prompt& prompt);
    /// Text that this id adds.
    std::string next(std::int32_t id);
    /// The rest, at the end.
    std::string finish();

private:
    std::optional<StreamingDecoder> decoder_;
    bool first_ = true;
};

}  // namespace tephra::tools
