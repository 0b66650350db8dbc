#include "core/data_files.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/files.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

/// A folder of our own as $TEPHRA_DATA, with one file in it.
class DataFolder {
public:
    DataFolder() {
        std::filesystem::create_directories(path_.str() + "/machines");
        REQUIRE(write_file(file(), "{}"));
        REQUIRE(write_file(path_.str() + "/machines/notes.txt", ""));
        ::setenv("TEPHRA_DATA", path_.str().c_str(), 1);
    }
    DataFolder(const DataFolder&) = delete;
    DataFolder& operator=(const DataFolder&) = delete;
    ~DataFolder() { ::unsetenv("TEPHRA_DATA"); }
    [[nodiscard]] std::string file() const { return path_.str() + "/machines/kapoho-point.json"; }

private:
    test::TemporaryPath path_{"data"};
};

}  // namespace

TEST_CASE("data files are found by name in the source tree, and first in the folder that the user gives") {
    const auto shipped = find_data_file("machines", "machine", "kapoho-point");
    REQUIRE(shipped);
    CHECK(std::filesystem::equivalent(*shipped, TEPHRA_MACHINES "/kapoho-point.json"));
    const DataFolder folder;
    CHECK(*find_data_file("machines", "machine", "kapoho-point") == folder.file());
    CHECK(find_data_file("machines", "machine", "hala-point"));
}

TEST_CASE("the names of data files are sorted, each once, and of JSON files only") {
    const DataFolder folder;
    const auto names = data_file_names("machines");
    CHECK(std::ranges::is_sorted(names));
    CHECK(std::ranges::count(names, "kapoho-point") == 1);
    CHECK(std::ranges::count(names, "notes") == 0);
    CHECK(data_file_names("no such folder").empty());
}

TEST_CASE("a path is taken as it is, an unknown name is refused with the nearest one") {
    CHECK(*find_data_file("machines", "machine", "./kapoho-point") == "./kapoho-point");
    CHECK(*find_data_file("machines", "machine", "mine.json") == "mine.json");
    const auto unknown = find_data_file("machines", "machine", "kapoho-pont");
    REQUIRE(!unknown);
    CHECK(unknown.error().code == ErrorCode::bad_input);
    CHECK(unknown.error().message == "no machine is called \"kapoho-pont\"");
    CHECK_THAT(unknown.error().hint, test::contains("did you mean \"kapoho-point\"?"));
    CHECK_THAT(unknown.error().hint, test::contains("alia-point"));
}
