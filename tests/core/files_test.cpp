#include "core/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "tests/catch.hpp"

using namespace tephra;
namespace fs = std::filesystem;

namespace {

/// An empty folder for one test.
struct Folder {
    test::TemporaryPath path{"folder"};
    Folder() { fs::create_directories(path.str()); }
    [[nodiscard]] std::string file(const std::string& name) const { return path.str() + "/" + name; }
    [[nodiscard]] auto files() const { return std::distance(fs::directory_iterator(path.str()), {}); }
};

unsigned mode_of(const std::string& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777U;
}

}  // namespace

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

TEST_CASE("a link to an output stays, and what it leads to is replaced") {
    const Folder folder;
    REQUIRE(write_file(folder.file("target"), "old"));
    fs::create_symlink("target", folder.file("link"));
    fs::create_symlink("later", folder.file("dangling"));
    REQUIRE(write_file(folder.file("link"), "new"));
    REQUIRE(write_file(folder.file("dangling"), "first"));
    CHECK(fs::is_symlink(folder.file("link")));
    CHECK(*read_file(folder.file("target")) == "new");
    CHECK(fs::is_symlink(folder.file("dangling")));
    CHECK(*read_file(folder.file("later")) == "first");
    CHECK(folder.files() == 4);
    fs::create_symlink("circle", folder.file("circle"));
    CHECK(!OutputFile::create(folder.file("circle")));
}

TEST_CASE("a new output has the mode that the umask leaves, a replaced one keeps its mode") {
    const Folder folder;
    const mode_t before = ::umask(027);
    REQUIRE(write_file(folder.file("new"), "x"));
    ::umask(before);
    CHECK(mode_of(folder.file("new")) == 0640);
    REQUIRE(::chmod(folder.file("new").c_str(), 0751) == 0);
    REQUIRE(write_file(folder.file("new"), "y"));
    CHECK(mode_of(folder.file("new")) == 0751);
}

TEST_CASE("pipes and devices are written through and read") {
    const Folder folder;
    const std::string pipe = folder.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    std::string seen;
    std::thread reader([&] { seen = read_file(pipe).value_or("nothing"); });
    auto out = OutputFile::create(pipe);
    REQUIRE(out);
    CHECK(!out->regular());
    REQUIRE(out->write("through"));
    CHECK(!out->write_at(0, std::as_bytes(std::span("x", 1))));
    REQUIRE(out->commit());
    reader.join();
    CHECK(seen == "through");
    CHECK(fs::is_fifo(pipe));
    CHECK(folder.files() == 1);
    REQUIRE(write_file("/dev/null", "gone"));
    CHECK(fs::is_character_file("/dev/null"));
    const auto full = write_file("/dev/full", "x");
    REQUIRE(!full);
    CHECK_THAT(full.error().message, test::contains("No space left"));
    CHECK(read_file("/proc/self/status")->starts_with("Name:"));
    const auto endless = read_file("/dev/zero", 1 << 20);
    REQUIRE(!endless);
    CHECK_THAT(endless.error().message, test::contains("more than 1.0 MiB"));
    std::thread writer([&] { REQUIRE(write_file(pipe, "12345")); });
    CHECK(*read_file(pipe, 5) == "12345");
    writer.join();
    std::thread second([&] { REQUIRE(write_file(pipe, "12345")); });
    CHECK(!read_file(pipe, 4));
    second.join();
}

TEST_CASE("a pipe without a reader is waited for, and told of before") {
    const Folder folder;
    const std::string pipe = folder.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK_THAT(OutputFile::create_regular(pipe).error().message, test::contains("a pipe or a device"));
    CHECK_THAT(MappedFile::open(pipe).error().message, test::contains("not a regular file"));
    const std::string much(1 << 20, 'x');  // more than a pipe holds: writes must wait, too
    std::string seen;
    std::thread reader;
    int calls = 0;
    const auto begin_to_read = [&] {
        ++calls;
        reader = std::thread([&] { seen = read_file(pipe).value_or("nothing"); });
    };
    auto late = OutputFile::create(pipe, begin_to_read);
    REQUIRE(late);
    REQUIRE(late->write(much));
    REQUIRE(late->commit());
    reader.join();
    CHECK(calls == 1);
    CHECK(seen == much);
    const int first = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    auto early = OutputFile::create(pipe, begin_to_read);
    REQUIRE(early);
    CHECK(calls == 1);
    std::thread second([&] { seen = read_file(pipe).value_or("nothing"); });
    REQUIRE(early->write(much + "y"));
    REQUIRE(early->commit());
    second.join();
    ::close(first);
    CHECK(seen == much + "y");
}

TEST_CASE("outputs that cannot be written are refused when they are opened") {
    const Folder folder;
    CHECK(OutputFile::create("").error().code == ErrorCode::usage);
    CHECK_THAT(OutputFile::create(folder.path.str()).error().message, test::contains("directory"));
    CHECK_THAT(OutputFile::create(folder.file("new/")).error().message, test::contains("directory"));
    CHECK(!OutputFile::create(folder.file("absent/file")));
    REQUIRE(write_file(folder.file("file"), ""));
    CHECK(!OutputFile::create(folder.file("file/below")));
    CHECK(folder.files() == 1);
}

TEST_CASE("the temporaries of open outputs can be removed at once") {
    const Folder folder;
    auto kept = OutputFile::create(folder.file("kept"));
    REQUIRE(kept->commit());
    const auto one = OutputFile::create(folder.file("one"));
    const auto two = OutputFile::create(folder.file("one"));  // a temporary of its own
    REQUIRE(one);
    REQUIRE(two);
    CHECK(folder.files() == 3);
    remove_partial_files();
    CHECK(folder.files() == 1);
    CHECK(fs::exists(folder.file("kept")));
}

TEST_CASE("paths of one file are known as such") {
    const Folder folder;
    REQUIRE(write_file(folder.file("a"), ""));
    fs::create_symlink("a", folder.file("link"));
    fs::create_symlink("absent", folder.file("dangling"));
    fs::create_hard_link(folder.file("a"), folder.file("hard"));
    CHECK(same_file(folder.file("a"), folder.file("./a")));
    CHECK(same_file(folder.file("a"), folder.file("link")));
    CHECK(same_file(folder.file("a"), folder.file("hard")));
    CHECK(same_file(folder.file("absent"), folder.path.str() + "//./absent"));
    CHECK(same_file(folder.file("absent"), folder.file("dangling")));
    CHECK(!same_file(folder.file("a"), folder.file("absent")));
    CHECK(!same_file(folder.file("absent"), folder.file("absent2")));
}
