#include "neuro/lm/tokenizer.hpp"

#include <type_traits>

#include "core/json.hpp"
#include "core/philox.hpp"
#include "neuro/lm/deployment.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

const std::string& serialized() {
    static const std::string bytes = load_model(TEPHRA_MODELS "/mmf-7m.tph").value()->tokenizer;
    return bytes;
}

std::vector<std::int32_t> ids_of(const Json& json) {
    std::vector<std::int32_t> ids;
    for (const Json& id : *json.array()) ids.push_back(static_cast<std::int32_t>(*id.integer()));
    return ids;
}

std::string stream(const Tokenizer& tokenizer, const std::vector<std::int32_t>& ids) {
    StreamingDecoder decoder(tokenizer);
    std::string text;
    for (const auto id : ids) text += decoder.next(id);
    return text + decoder.finish();
}

/// Whether the text ends inside a UTF-8 character.
bool is_cut(const std::string& text) {
    std::size_t trail = 0;
    while (trail < text.size() && (static_cast<unsigned char>(text[text.size() - 1 - trail]) & 0xc0) == 0x80) ++trail;
    if (trail == text.size()) return trail > 0;
    const auto lead = static_cast<unsigned char>(text[text.size() - 1 - trail]);
    const std::size_t needed = lead < 0x80 ? 0 : (lead < 0xe0 ? 1 : (lead < 0xf0 ? 2 : 3));
    return trail != needed;
}

}  // namespace

TEST_CASE("token ids and texts equal those of the Python package") {
    const auto tokenizer = Tokenizer::parse(serialized(), "tokenizer");
    REQUIRE(tokenizer);
    CHECK(tokenizer->vocab_size() == 4096);
    const auto cases = read_json_file(TEPHRA_TEST_DATA "/tokenizer.json");
    REQUIRE(cases);
    for (const Json& item : *cases->find("encode")->array()) {
        const std::string& text = *item.find("text")->string();
        INFO(text);
        CHECK(tokenizer->encode(text) == ids_of(*item.find("ids")));
    }
    for (const Json& item : *cases->find("decode")->array()) {
        const auto ids = ids_of(*item.find("ids"));
        INFO(item.dump(-1));
        CHECK(tokenizer->decode(ids) == *item.find("text")->string());
        CHECK(stream(*tokenizer, ids) == *item.find("text")->string());
    }
}

TEST_CASE("encoding can start with the token that begins a text") {
    const auto tokenizer = Tokenizer::parse(serialized(), "tokenizer");
    REQUIRE(tokenizer);
    CHECK(tokenizer->encode("", 1) == std::vector<std::int32_t>{1});
    CHECK(tokenizer->encode("Hello world", 1).size() == tokenizer->encode("Hello world").size() + 1);
}

TEST_CASE("streaming gives the same text for any ids, in whole characters") {
    const auto tokenizer = Tokenizer::parse(serialized(), "tokenizer");
    REQUIRE(tokenizer);
    std::size_t cut = 0, different = 0;
    for (std::uint32_t run = 0; run < 300; ++run) {
        std::vector<std::int32_t> ids;
        for (std::uint32_t k = 0; k < 30; ++k) {
            const auto words = random_words(5, 0, run, k);
            // Byte tokens stand at ids 3 to 258: choose them often.
            ids.push_back(static_cast<std::int32_t>(words[0] % 3 == 0 ? 3 + words[1] % 256 : words[1] % 4096));
        }
        StreamingDecoder decoder(*tokenizer);
        std::string text;
        for (const auto id : ids) {
            const std::string part = decoder.next(id);
            if (is_cut(part)) ++cut;
            text += part;
        }
        if (text + decoder.finish() != tokenizer->decode(ids)) ++different;
    }
    CHECK(cut == 0);
    CHECK(different == 0);
}

TEST_CASE("what is no tokenizer, or another model's, is refused") {
    for (const std::string& bad : {std::string(), std::string("not a model"), std::string(1000, '\xff')}) {
        const auto tokenizer = Tokenizer::parse(bad, "tokenizer.model");
        REQUIRE(!tokenizer);
        CHECK(tokenizer.error().code == ErrorCode::bad_input);
        CHECK(tokenizer.error().place == "tokenizer.model");
    }
    const auto tokenizer = Tokenizer::parse(serialized(), "tokenizer");
    ModelConfig config;
    config.vocab_size = 32000;
    const auto checked = tokenizer->check_vocabulary(config, "tokenizer.model");
    REQUIRE(!checked);
    CHECK_THAT(checked.error().message, test::contains("4096 tokens, the model 32000"));
}

TEST_CASE("a model's vocabulary may be padded, but not smaller than its tokenizer's") {
    const auto tokenizer = Tokenizer::parse(serialized(), "tokenizer");
    ModelConfig config;
    const auto fits = [&](int vocabulary) {
        config.vocab_size = vocabulary;
        return tokenizer->check_vocabulary(config, "tokenizer.model").has_value();
    };
    CHECK(fits(4096));
    CHECK(fits(4096 + Tokenizer::max_padding - 1));
    CHECK_FALSE(fits(4096 + Tokenizer::max_padding));
    CHECK_FALSE(fits(4095));
}

TEST_CASE("a begin token of the configuration must be the tokenizer's") {
    const auto tokenizer = Tokenizer::parse(serialized(), "tokenizer");
    ModelConfig config;
    config.vocab_size = 4096;
    for (const int bos : {-1, 1}) {
        config.bos_token_id = bos;
        CHECK(tokenizer->check_vocabulary(config, "tokenizer.model"));
        CHECK(tokenizer->encode("", bos).size() == (bos < 0 ? 0 : 1));
    }
    config.bos_token_id = 7;
    const auto checked = tokenizer->check_vocabulary(config, "tokenizer.model");
    REQUIRE_FALSE(checked);
    CHECK(checked.error().message == "the configuration begins a text with token 7, the tokenizer with token 1");
    CHECK_THAT(checked.error().hint, test::contains("set bos_token_id in config.json to 1"));
}

static_assert(std::is_constructible_v<StreamingDecoder, const Tokenizer&>);
static_assert(!std::is_constructible_v<StreamingDecoder, Tokenizer>, "the decoder views the tokenizer");

TEST_CASE("a damaged tokenizer never ends the program") {
    std::string bytes = serialized();
    for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += bit < 8 * 256 ? 3 : 4001) {
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
        if (const auto tokenizer = Tokenizer::parse(bytes, "tokenizer"))
            static_cast<void>(tokenizer->decode(tokenizer->encode("Once upon a time \xf0\x9f\x98\x80")));
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    }
    for (std::size_t size = 0; size < bytes.size(); size += size < 64 ? 1 : 997)
        static_cast<void>(Tokenizer::parse(bytes.substr(0, size), "tokenizer"));
}
