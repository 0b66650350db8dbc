#include "core/file_kind.hpp"

#include "core/files.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

std::string fault_of(const std::string& text, FileKind kind) {
    const auto json = parse_json(text, "file", kind);
    return json ? "" : to_string(json.error());
}

}  // namespace

TEST_CASE("a file of another kind is called what it is") {
    const std::string mapping = R"({"tephra_mapping": 1, "model": ""})";
    CHECK(fault_of(mapping, FileKind::mapping).empty());
    CHECK(
        fault_of(mapping, FileKind::run) ==
        "file: this is a mapping, a run is needed (tephra simulate -o writes one; simulate --map and map --check take "
        "this file)");
    CHECK_THAT(fault_of(R"({"rows": []})", FileKind::machine),
               test::contains("this is a file of baselines, a machine"));
    // What is of no kind is for the reader, which names the key that is missing.
    CHECK(fault_of(R"({"model": ""})", FileKind::run).empty());
    CHECK(fault_of("[]", FileKind::run).empty());
    CHECK_THAT(fault_of("{", FileKind::run), test::contains("not valid JSON"));
}

TEST_CASE("a deployment file is told from JSON, both ways") {
    const std::string model = std::string(deployment_magic) + "and so on";
    for (std::size_t k = 0; k + 1 < file_kinds; ++k)
        CHECK_THAT(fault_of(model, static_cast<FileKind>(k)), test::contains("file: this is a deployment file, "));
    CHECK_THAT(to_string(no_deployment(R"({"tephra_mapping": 1})", "file")),
               test::contains("file: this is a mapping, a deployment file is needed"));
    CHECK_THAT(to_string(no_deployment(std::string(hdf5_magic) + "and so on", "file")),
               test::contains("file: this is an HDF5 file, as NetX and NIR networks are, a deployment file is needed"));
    for (const char* text : {"", "{}", "[1]",
                             "\x7f"
                             "ELF"})
        CHECK_THAT(to_string(no_deployment(text, "file")), test::contains("file byte 0: not a deployment file"));
}

TEST_CASE("the files that ship are of their kind and of no other") {
    const std::string machines = TEPHRA_MACHINES;
    const std::pair<std::string, FileKind> files[] = {
        {machines + "/kapoho-point.json", FileKind::machine},
        {machines + "/costs/loihi2.json", FileKind::cost_table},
        {machines + "/gpus/h100-sxm.json", FileKind::gpu},
        {machines + "/fpgas/ulx3s-85f.json", FileKind::fpga},
        {machines + "/../benchmarks/baselines/" + "published.json", FileKind::baselines},
        {TEPHRA_TEST_DATA "/price/tiny.run.json", FileKind::run}};
    for (const auto& [path, kind] : files) {
        const auto text = read_file(path);
        REQUIRE(text);
        for (std::size_t k = 0; k < file_kinds; ++k) {
            INFO(path << " as kind " << k);
            CHECK(fault_of(*text, static_cast<FileKind>(k)).empty() == (static_cast<FileKind>(k) == kind));
        }
    }
}
