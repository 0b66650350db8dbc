#include "neuro/lm/token_pair.hpp"

#include "neuro/lm/deployment.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

const Tokenizer& tokenizer() {
    static const Tokenizer made =
        Tokenizer::parse(load_model(TEPHRA_MODELS "/mmf-7m.tph").value()->tokenizer, "tokenizer").value();
    return made;
}

ModelConfig config_with(int begin, int end) {
    ModelConfig config;
    config.vocab_size = 4096;
    config.bos_token_id = begin;
    config.eos_token_id = end;
    return config;
}

using Ids = std::vector<std::int32_t>;

}  // namespace

TEST_CASE("texts are encoded together and cut where the context ends") {
    const ModelConfig config = config_with(1, 2);
    const auto pair = encode_pair(tokenizer(), config, "Once upon a", " time there", "pair").value();
    CHECK(pair.context == tokenizer().encode("Once upon a", 1));
    Ids whole = pair.context;
    whole.insert(whole.end(), pair.continuation.begin(), pair.continuation.end());
    CHECK(whole == tokenizer().encode("Once upon a time there", 1));
    // White space at the end of a context belongs to what follows.
    const auto moved = encode_pair(tokenizer(), config, "Once upon a ", "time there", "pair").value();
    CHECK(moved.context == pair.context);
    CHECK(moved.continuation == pair.continuation);
}

TEST_CASE("a context without text is the begin token, else the end token") {
    const Ids ids = tokenizer().encode("A king");
    for (const auto& [begin, end, first] : {std::tuple{1, 2, 1}, std::tuple{-1, 2, 2}}) {
        const auto pair = encode_pair(tokenizer(), config_with(begin, end), "", "A king", "pair").value();
        CHECK(pair.context == Ids{first});
        CHECK(pair.continuation == ids);
        const auto spaces = encode_pair(tokenizer(), config_with(begin, end), " ", "A king", "pair").value();
        CHECK(spaces.context == Ids{first});
        CHECK(spaces.continuation == tokenizer().encode(" A king"));
        CHECK(pair_of_ids(config_with(begin, end), {}, ids, "pair")->context == Ids{first});
    }
    const auto without = encode_pair(tokenizer(), config_with(-1, 2), "A king", " and", "pair").value();
    CHECK(without.context == ids);
    CHECK(encode_pair(tokenizer(), config_with(-1, -1), "", "A king", "here").error().place == "here");
}

TEST_CASE("what has no tokens or strange ids is refused") {
    const ModelConfig config = config_with(1, 2);
    CHECK(encode_pair(tokenizer(), config, "A king", "", "here").error().message == "the continuation has no tokens");
    CHECK(pair_of_ids(config, Ids{1, 2}, {}, "here").error().place == "here");
    CHECK(pair_of_ids(config, Ids{4096}, Ids{1}, "here").error().message == "id 4096 is not in the vocabulary of 4096");
    CHECK(pair_of_ids(config, Ids{1}, Ids{-1}, "here").error().message == "id -1 is not in the vocabulary of 4096");
    const Ids before = {1, 5}, after = {6};
    CHECK(pair_of_ids(config, before, after, "here")->context == before);
    CHECK(pair_of_ids(config, before, after, "here")->continuation == after);
}
