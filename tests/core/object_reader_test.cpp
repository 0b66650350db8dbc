#include "core/object_reader.hpp"

#include "tests/catch.hpp"

using namespace tephra;

namespace {

Json parsed(const std::string& text) {
    const auto json = parse_json(text, "file");
    REQUIRE(json);
    return *json;
}

}  // namespace

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

TEST_CASE("the place of an unknown key is a JSON pointer") {
    const Json json = parsed(R"({"a/b~c": 1})");
    ObjectReader in(json, "file");
    CHECK(in.finish().error().place == "file#/a~1b~0c");
}
