#include "neuro/lm/checkpoint/config.hpp"

#include "tests/catch.hpp"

using namespace tephra;

namespace {

/// The object with one member set or added.
Json with(const Json& base, const std::string& key, const Json& value) {
    Json::Object members = *base.object();
    for (auto& member : members)
        if (member.first == key) {
            member.second = value;
            return members;
        }
    members.emplace_back(key, value);
    return members;
}

std::int64_t integer_or(const Json& json, const char* key, std::int64_t fallback) {
    const Json* found = json.find(key);
    return found != nullptr ? *found->integer() : fallback;
}

bool boolean_or(const Json& json, const char* key, bool fallback) {
    const Json* found = json.find(key);
    return found != nullptr ? *found->boolean() : fallback;
}

}  // namespace

TEST_CASE("every configuration field is honoured or refused by name") {
    const auto cases = read_json_file(TEPHRA_TEST_DATA "/config.json");
    REQUIRE(cases);
    const Json& base = *cases->find("base");
    for (const Json& accepted : *cases->find("accepted")->array()) {
        INFO(*accepted.find("why")->string());
        Json json = base;
        for (const auto& [key, value] : *accepted.find("set")->object()) json = with(json, key, value);
        const auto config = parse_config(json, "config.json");
        if (!config) FAIL(to_string(config.error()));
        CHECK(config->hidden_size == *json.find("hidden_size")->integer());
        CHECK(config->intermediate_size == integer_or(accepted, "intermediate_size", 768));
        CHECK(config->bos_token_id == integer_or(accepted, "bos_token_id", 1));
        CHECK(config->eos_token_id == integer_or(accepted, "eos_token_id", 2));
        CHECK(config->use_lower_bound == boolean_or(accepted, "use_lower_bound", true));
        CHECK(config->tied_embeddings == boolean_or(accepted, "tied_embeddings", false));
        CHECK(config->rms_norm_eps == 1e-6);
    }
    for (const Json& refused : *cases->find("refused")->array()) {
        const std::string field = *refused.find("field")->string();
        INFO(field);
        const auto config = parse_config(with(base, field, *refused.find("value")), "config.json");
        REQUIRE(!config);
        CHECK(config.error().code == ErrorCode::bad_input);
        CHECK(config.error().place == "config.json#/" + field);
        CHECK_THAT(config.error().message, test::contains(*refused.find("message")->string()));
        if (const Json* hint = refused.find("hint")) CHECK_THAT(config.error().hint, test::contains(*hint->string()));
    }
}

TEST_CASE("fields that are off change nothing, but a misspelled one is refused") {
    const auto cases = read_json_file(TEPHRA_TEST_DATA "/config.json");
    REQUIRE(cases);
    const Json& base = *cases->find("base");
    for (const Json& off : {Json(nullptr), Json(false), Json(Json::Array{}), Json(Json::Object{})}) {
        INFO(off.dump(-1));
        for (const char* field : {"rope_scaling", "pruned_heads", "torchscript", "bad_words_ids", "sep_token_id"})
            CHECK(parse_config(with(base, field, off), "config.json"));
        const auto misspelled = parse_config(with(base, "use_lower_bonds", off), "config.json");
        REQUIRE_FALSE(misspelled);
        CHECK(misspelled.error().place == "config.json#/use_lower_bonds");
    }
    for (const Json& on : {Json(true), Json(1), Json("x"), Json(Json::Array{1})})
        CHECK_FALSE(parse_config(with(base, "rope_scaling", on), "config.json"));
}

TEST_CASE("widths are limited by what the law's widths rest on") {
    const auto cases = read_json_file(TEPHRA_TEST_DATA "/config.json");
    REQUIRE(cases);
    const Json base = with(*cases->find("base"), "intermediate_size", 8);
    for (const char* field : {"hidden_size", "intermediate_size"}) {
        CHECK(parse_config(with(base, field, max_vector), "config.json"));
        const auto wide = parse_config(with(base, field, max_vector + 1), "config.json");
        REQUIRE_FALSE(wide);
        CHECK(wide.error().place == std::string("config.json#/") + field);
    }
    const auto derived = with(with(*cases->find("base"), "hidden_size", max_vector), "hidden_ratio", 4);
    CHECK_THAT(parse_config(derived, "config.json").error().message, test::contains("174848 units"));
}

TEST_CASE("a configuration must name its sizes") {
    const auto config = parse_config(Json(Json::Object{{"model_type", "hgrn_bit"}}), "config.json");
    REQUIRE(!config);
    CHECK(config.error().place == "config.json#/vocab_size");
    CHECK(!parse_config(Json(3), "config.json"));
}
