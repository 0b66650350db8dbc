#include "neuro/checkpoint/config.hpp"

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

TEST_CASE("a configuration must name its sizes") {
    const auto config = parse_config(Json(Json::Object{{"model_type", "hgrn_bit"}}), "config.json");
    REQUIRE(!config);
    CHECK(config.error().place == "config.json#/vocab_size");
    CHECK(!parse_config(Json(3), "config.json"));
}
