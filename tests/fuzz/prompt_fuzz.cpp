// Fuzz target: any bytes as a prompt are ids of the vocabulary, which read the same when they are written plainly, or
// end with one error.
#include "tests/fuzz/fuzz.hpp"
#include "tools/prompts.hpp"

namespace {

using namespace tephra;
using namespace tephra::tools;

/// The ids, or none where the verb would end.
std::vector<std::int32_t> ids_of(const std::string& text) {
    const Deployment& model = *test::tiny_model().model;
    try {
        const std::vector<Prompt> prompts = read_prompts({{text}, ""}, model, "fuzz", nullptr, 1);
        test::require(prompts.size() == 1 && !prompts[0].is_text && !prompts[0].ids.empty());
        return prompts[0].ids;
    } catch (const Failure& failure) {
        test::accepted_text(Result<void>(tl::unexpected(failure.error)));
        return {};
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(test::text_of(data, size));
    if (text == "-") return 0;  // standard input
    const auto ids = ids_of(text);
    std::string plain = "#";
    for (const std::int32_t id : ids) {
        test::require(id >= 0 && id < test::tiny_model().model->graph.config.vocab_size);
        plain += " " + std::to_string(id);
    }
    test::require(ids.empty() || ids_of(plain) == ids);
    return 0;
}
