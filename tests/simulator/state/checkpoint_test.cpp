#include "simulator/state/checkpoint.hpp"

#include "tests/catch.hpp"

using namespace tephra;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

const std::vector<CheckpointInput> inputs = {{"model", "a"}, {"--sync", "barrier"}, {"empty", ""}};

/// A checkpoint of two sections, one of them empty.
std::string two_sections() {
    const test::TemporaryPath path("run.ckpt");
    auto file = *OutputFile::create(path.str());
    CheckpointWriter writer(file);
    REQUIRE(writer.begin(inputs, 2));
    REQUIRE(writer.add(bytes_of("state of the run")));
    REQUIRE(writer.add({}));
    REQUIRE(file.commit());
    return *read_file(path.str());
}

}  // namespace

TEST_CASE("a checkpoint reads back what was written") {
    const std::string text = two_sections();
    const auto read = Checkpoint::parse(bytes_of(text), "run.ckpt");
    REQUIRE(read);
    CHECK(read->inputs() == inputs);
    REQUIRE(read->sections() == 2);
    CHECK(std::ranges::equal(read->section(0), bytes_of("state of the run")));
    CHECK(read->section(1).empty());
    CHECK(read->accept(inputs));
}

TEST_CASE("a checkpoint that was cut or changed anywhere is refused") {
    const std::string text = two_sections();
    for (std::size_t size = 0; size < text.size(); ++size) {
        const auto cut = Checkpoint::parse(bytes_of(text.substr(0, size)), "run.ckpt");
        REQUIRE(!cut);
        CHECK(cut.error().code == ErrorCode::bad_input);
        CHECK(cut.error().place == "run.ckpt");
    }
    for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
        std::string flipped = text;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
        CHECK(!Checkpoint::parse(bytes_of(flipped), "run.ckpt"));
    }
    CHECK_THAT(Checkpoint::parse(bytes_of(text + "x"), "run.ckpt").error().message, test::contains("follow"));
    CHECK_THAT(Checkpoint::parse(bytes_of("{}"), "run.ckpt").error().message, test::contains("no checkpoint"));
    std::string later = text;
    later[8] = 99;
    CHECK_THAT(Checkpoint::parse(bytes_of(later), "run.ckpt").error().message, test::contains("format 99"));
    CHECK(Checkpoint::open("/absent/run.ckpt").error().code == ErrorCode::bad_input);
}

TEST_CASE("an input that differs, is missing or is more refuses a checkpoint") {
    const std::string text = two_sections();
    const auto read = *Checkpoint::parse(bytes_of(text), "run.ckpt");
    auto others = inputs;
    others[1].value = "dataflow";
    CHECK_THAT(to_string(read.accept(others).error()), test::contains("another --sync: barrier there, dataflow here"));
    others = inputs;
    others.pop_back();
    CHECK_THAT(to_string(read.accept(others).error()), test::contains("another empty"));
    others = inputs;
    others.push_back({"probe a", "recorded"});
    CHECK_THAT(to_string(read.accept(others).error()), test::contains("none there, recorded here"));
}
