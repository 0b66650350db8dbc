#include "core/json.hpp"

#include <cmath>

#include "tests/catch.hpp"

using namespace tephra;

namespace {

Json parsed(const std::string& text) {
    const auto json = parse_json(text, "file");
    REQUIRE(json);
    return *json;
}

double number_of(const Json& json) {
    return json.real() != nullptr ? *json.real() : static_cast<double>(*json.integer());
}

std::string place_of(std::string_view text) {
    const auto json = parse_json(text, "file");
    return json ? "" : json.error().place;
}

std::string fault_of(const std::string& text) {
    const auto json = parse_json(text, "file");
    return json ? "" : json.error().message;
}

}  // namespace

TEST_CASE("values keep their type, order and bits") {
    const std::string text = R"({"b": [1, -9223372036854775808, 2.5, true, null, "\u00e9\n"], "a": {}, "e": []})";
    const Json json = parsed(text);
    CHECK(json.object()->front().first == "b");
    const auto& array = *json.find("b")->array();
    CHECK(*array[0].integer() == 1);
    CHECK(*array[1].integer() == INT64_MIN);
    CHECK(*array[2].real() == 2.5);
    CHECK(*array[3].boolean());
    CHECK(array[4].is_null());
    CHECK(*array[5].string() == "\xc3\xa9\n");
    CHECK(json.find("c") == nullptr);
    for (const int indent : {-1, 2}) CHECK(parsed(json.dump(indent)).dump() == json.dump());
    for (const double value : {0.1, 1e-300, 1.0 / 3, 1e22, -0.0}) CHECK(number_of(parsed(Json(value).dump())) == value);
    CHECK(Json(std::nan("")).dump() == "null");
    CHECK(parsed("[-0.0, 9223372036854775808.0]").dump() == "[-0.0, 9223372036854775808.0]");
    for (const double value : {0x1p63, -0x1p64, 123456789012345680000.0, 0x1p53})
        CHECK(number_of(parsed(Json(value).dump())) == value);
}

TEST_CASE("texts that are not JSON are refused with their place") {
    for (const char* text : {"", "{", "[1,]", "{\"a\":1} x", "nul", "\"\xff\"", "01", "{\"a\" 1}"}) {
        INFO(text);
        const auto json = parse_json(text, "file");
        REQUIRE(!json);
        CHECK(json.error().code == ErrorCode::bad_input);
        CHECK_THAT(json.error().place, test::contains("file"));
    }
    CHECK_THAT(fault_of(R"({"a": 1, "b": 2, "a": 3})"), test::contains("\"a\" appears twice"));
    CHECK_THAT(fault_of(std::string(65, '[') + std::string(65, ']')), test::contains("deeper than 64"));
    CHECK(fault_of(std::string(64, '[') + std::string(64, ']')).empty());
}

TEST_CASE("nothing of a text is lost silently, and the place of what would be is a JSON pointer") {
    using namespace std::string_view_literals;
    CHECK(place_of("{}\0{}"sv) == "file byte 2");
    CHECK(place_of("{\"a\0b\": 1}"sv) == "file byte 3");
    CHECK(place_of(R"({"a": [0, {"b/c~d": 9223372036854775808}]})") == "file#/a/1/b~1c~0d");
    CHECK_THAT(fault_of("-9223372036854775809"), test::contains("does not fit 64 bits"));
    CHECK_THAT(fault_of("123456789012345678901234567890"), test::contains("does not fit 64 bits"));
    CHECK_THAT(fault_of("[1e400]"), test::contains("not valid JSON"));
    const Json largest = parsed("9223372036854775807");
    CHECK(*largest.integer() == INT64_MAX);
    CHECK(number_of(parsed("1e30")) == 1e30);
    CHECK(place_of(R"({"x": {"a": 1, "a": 2}})") == "file#/x/a");
    CHECK(pointer_part("a/b~c") == "a~1b~0c");
}

TEST_CASE("thousands of members are read in order") {
    std::string text = "{";
    for (int k = 0; k < 20000; ++k) text += (k > 0 ? ",\"k" : "\"k") + std::to_string(k) + "\":" + std::to_string(k);
    const Json json = parsed(text + "}");
    CHECK(json.object()->size() == 20000);
    CHECK(*json.find("k19999")->integer() == 19999);
}
