#include <filesystem>

#include "neuro/lm/tph.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

TphHead small_head() {
    TphHead head;
    head.config.vocab_size = 5;
    head.config.hidden_size = 3;
    head.config.num_layers = 1;
    head.config.intermediate_size = 4;
    head.name = "name";
    head.origin = "{}";
    return head;
}

/// The error of beginning a file with this head.
Error refusal(const TphHead& head) {
    const test::TemporaryPath path("head.tph");
    const auto writer = TphWriter::create(path.str(), head);
    REQUIRE_FALSE(writer);
    CHECK(writer.error().code == ErrorCode::bad_input);
    CHECK_FALSE(writer.error().hint.empty());
    return writer.error();
}

}  // namespace

TEST_CASE("a head that no reader takes is refused before the file is begun") {
    TphHead head = small_head();
    const test::TemporaryPath path("head.tph");
    CHECK(TphWriter::create(path.str(), head));
    head.config.hidden_size = max_vector + 1;
    CHECK_THAT(refusal(head).message, test::contains("hidden size"));
    head = small_head();
    head.origin = "no JSON";
    CHECK_THAT(refusal(head).message, test::contains("not a JSON object"));
    head = small_head();
    head.config.hidden_size = head.config.intermediate_size = max_vector;
    head.config.num_layers = max_layers;
    CHECK_THAT(refusal(head).hint, test::contains("at most 1"));
}

TEST_CASE("a deployment file may have 1 TiB and no byte more") {
    CHECK(check_tph_bytes(max_tph_bytes, "place"));
    const auto refused = check_tph_bytes(max_tph_bytes + 1, "place");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().place == "place");
    CHECK(refused.error().hint == "a deployment file has at most 1.0 TiB: make the model smaller");
}

TEST_CASE("names are 1 to 255 bytes of UTF-8 that a terminal only shows") {
    for (const char* name : {"", "\x1b[2J", "a\nb", "tab\t", "\x7f", "\xc2\x9b", "\xff", "cut \xc3"}) {
        INFO(name);
        CHECK_FALSE(check_name(name, "place"));
        TphHead head = small_head();
        head.name = name;
        CHECK_THAT(refusal(head).message, test::contains("name"));
    }
    for (const char* name : {"mmf-7m", "a b", "Gr\xc3\xbc\xc3\x9f"}) CHECK(check_name(name, "place"));
    CHECK(check_name(std::string(max_name_bytes, 'x'), "place"));
    CHECK_FALSE(check_name(std::string(max_name_bytes + 1, 'x'), "place"));
    CHECK_FALSE(check_name(std::string_view("\0", 1), "place"));
}

TEST_CASE("a deployment file is not written to a stream") {
    const auto writer = TphWriter::create("/dev/null", small_head());
    REQUIRE_FALSE(writer);
    CHECK_THAT(writer.error().message, test::contains("a pipe or a device"));
}

TEST_CASE("a file that was not finished leaves nothing behind") {
    const test::TemporaryPath path("unfinished.tph");
    { CHECK(TphWriter::create(path.str(), small_head())); }
    CHECK_FALSE(std::filesystem::exists(path.str()));
}
