#include "neuro/lm/tensors.hpp"

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("sizes of a model are accepted at their limit and refused beyond") {
    struct Size {
        int ModelConfig::*field;
        int limit;
        const char* name;
    };
    for (const Size& size : {Size{&ModelConfig::vocab_size, max_vocabulary, "vocabulary"},
                             Size{&ModelConfig::hidden_size, max_vector, "hidden size"},
                             Size{&ModelConfig::intermediate_size, max_vector, "intermediate size"},
                             Size{&ModelConfig::num_layers, max_layers, "number of layers"}}) {
        ModelConfig config;
        config.vocab_size = config.hidden_size = config.intermediate_size = config.num_layers = 1;
        config.*size.field = size.limit;
        CHECK(check_config(config, "place"));
        for (const int wrong : {0, -1, size.limit + 1}) {
            config.*size.field = wrong;
            const auto checked = check_config(config, "place");
            REQUIRE_FALSE(checked);
            CHECK_THAT(checked.error().message, test::contains(size.name));
            CHECK(checked.error().place == "place");
        }
    }
}

TEST_CASE("special tokens lie in the vocabulary and epsilon in [0, 1]") {
    ModelConfig config;
    config.vocab_size = config.hidden_size = config.intermediate_size = config.num_layers = 1;
    config.bos_token_id = 0;
    CHECK(check_config(config, "place"));
    config.bos_token_id = 1;
    CHECK_FALSE(check_config(config, "place"));
    config.bos_token_id = -2;
    CHECK_FALSE(check_config(config, "place"));
    config.bos_token_id = -1;
    config.rms_norm_eps = 1.5;
    CHECK_FALSE(check_config(config, "place"));
}
