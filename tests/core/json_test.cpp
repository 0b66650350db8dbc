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
    CHECK(*parsed("9223372036854775807").integer() == INT64_MAX);
    CHECK(*parsed("1e30").real() == 1e30);
    CHECK(place_of(R"({"x": {"a": 1, "a": 2}})") == "file#/x/a");
    CHECK(pointer_part("a/b~c") == "a~1b~0c");
    const Json json = parsed(R"({"a/b~c": 1})");
    ObjectReader in(json, "file");
    CHECK(in.finish().error().place == "file#/a~1b~0c");
}

TEST_CASE("a missing key is no misspelling of a key that belongs there") {
    const auto hint_of = [](const std::string& text) {
        const Json json = parsed(text);
        ObjectReader in(json, "file");
        in.integer("noc", 0, 9);
        in.integer("node", 0, 9);
        return in.finish().error().hint;
    };
    CHECK(hint_of(R"({"node": 1})") == "add it");
    CHECK(hint_of(R"({"node": 1, "nocs": 1})") == "is \"nocs\" a misspelling of it?");
}

TEST_CASE("a hash is read as it is written") {
    const Hash128 hash = hash128("text");
    const Json json = parsed(R"({"good": ")" + to_string(hash) + R"(", "bad": "12"})");
    ObjectReader in(json, "file");
    CHECK(in.hash("good") == hash);
    in.hash("bad");
    CHECK_THAT(to_string(in.finish().error()), test::contains("file#/bad: \"12\" is not a hash"));
}

TEST_CASE("an object reader names the place of the first fault") {
    const Json json = parsed(R"({"size": 12, "ratio": 0.5, "name": "x", "on": true, "list": [1], "kind": "blue"})");
    ObjectReader good(json, "file");
    CHECK(good.integer("size", 0, 20) == 12);
    CHECK(good.number("ratio", 0, 1) == 0.5);
    CHECK(good.number("size", 0, 20) == 12.0);
    CHECK(good.string("name") == "x");
    CHECK(good.boolean("on"));
    CHECK(good.array("list").size() == 1);
    CHECK(good.choice("kind", {"red", "blue"}) == 1);
    CHECK(good.integer_or("absent", 7, 0, 9) == 7);
    CHECK(good.finish());

    const auto first_fault = [&](auto&& read) {
        ObjectReader in(json, "file");
        read(in);
        const auto finished = in.finish();
        REQUIRE(!finished);
        return to_string(finished.error());
    };
    CHECK_THAT(first_fault([](auto& in) { in.integer("size", 0, 9); }),
               test::contains("file#/size: 12 is out of range"));
    CHECK_THAT(first_fault([](auto& in) { in.integer("name", 0, 9); }), test::contains("expected an integer"));
    CHECK_THAT(first_fault([](auto& in) { in.integer("sise", 0, 9); }), test::contains("is \"size\" a misspelling"));
    CHECK_THAT(first_fault([](auto& in) { in.boolean("size"); }), test::contains("expected true or false"));
    CHECK_THAT(first_fault([](auto& in) { in.choice("kind", {"red"}); }), test::contains("one of: red"));
    CHECK_THAT(first_fault([](auto& in) {
                   for (const char* key : {"size", "ratio", "on", "list", "kind"}) in.ignore(key);
                   in.ignore("nam");
               }),
               test::contains("file#/name: unknown key \"name\" (did you mean \"nam\"?)"));
    const Json three(3);
    ObjectReader not_object(three, "file");
    CHECK(not_object.integer("a", 0, 1) == 0);
    CHECK(!not_object.finish());
}

TEST_CASE("thousands of members are read in order") {
    std::string text = "{";
    for (int k = 0; k < 20000; ++k) text += (k > 0 ? ",\"k" : "\"k") + std::to_string(k) + "\":" + std::to_string(k);
    const Json json = parsed(text + "}");
    CHECK(json.object()->size() == 20000);
    CHECK(*json.find("k19999")->integer() == 19999);
}
