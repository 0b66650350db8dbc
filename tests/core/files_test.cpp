#include "core/files.hpp"

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("an output file appears only when it is committed") {
    const test::TemporaryPath directory("files");
    std::filesystem::create_directories(directory.str());
    const std::string path = directory.str() + "/out.bin";
    {
        auto out = OutputFile::create(path);
        REQUIRE(out);
        REQUIRE(out->write("hello"));
        CHECK(!std::filesystem::exists(path));
        REQUIRE(out->flush());
        CHECK(*read_file(out->temporary_path()) == "hello");
    }
    CHECK(std::filesystem::is_empty(directory.str()));
    auto out = OutputFile::create(path);
    REQUIRE(out);
    REQUIRE(out->write("hello world"));
    const std::string patch = "J";
    REQUIRE(out->write_at(0, std::as_bytes(std::span(patch))));
    REQUIRE(out->write("!"));
    CHECK(out->size() == 12);
    CHECK(!out->write_at(12, std::as_bytes(std::span(patch))));
    OutputFile moved = std::move(*out);
    REQUIRE(moved.commit());
    CHECK(*read_file(path) == "Jello world!");
    CHECK(std::distance(std::filesystem::directory_iterator(directory.str()), {}) == 1);
}

TEST_CASE("a file that exists is replaced whole, or not at all") {
    const test::TemporaryPath path("old.txt");
    REQUIRE(write_file(path.str(), "old"));
    {
        auto out = OutputFile::create(path.str());
        REQUIRE(out->write("new, but never finished"));
    }
    CHECK(*read_file(path.str()) == "old");
    REQUIRE(write_file(path.str(), "new"));
    CHECK(*read_file(path.str()) == "new");
}

TEST_CASE("mapped files show their bytes, and faults name the path") {
    const test::TemporaryPath path("map.bin"), empty("empty.bin");
    REQUIRE(write_file(path.str(), "bytes"));
    REQUIRE(write_file(empty.str(), ""));
    auto mapped = MappedFile::open(path.str());
    REQUIRE(mapped);
    const MappedFile moved = std::move(*mapped);
    CHECK(moved.bytes().size() == 5);
    CHECK(static_cast<char>(moved.bytes()[4]) == 's');
    CHECK(MappedFile::open(empty.str())->bytes().empty());
    for (const std::string& bad : {std::string("/nonexistent/file"), std::filesystem::temp_directory_path().string()}) {
        const auto failed = MappedFile::open(bad);
        REQUIRE(!failed);
        CHECK(failed.error().code == ErrorCode::bad_input);
        CHECK(failed.error().place == bad);
    }
    CHECK(!OutputFile::create("/nonexistent/file"));
}
