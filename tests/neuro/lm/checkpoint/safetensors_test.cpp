#include "neuro/lm/checkpoint/safetensors.hpp"

#include "tests/neuro/lm/checkpoint/fake_checkpoint.hpp"

using namespace tephra;

TEST_CASE("safetensors headers are believed only when they fit the file") {
    const auto cases = read_json_file(TEPHRA_TEST_DATA "/safetensors_headers.json");
    REQUIRE(cases);
    const auto data = static_cast<std::uint64_t>(*cases->find("file_bytes_after_header")->integer());
    for (const Json& header : *cases->find("accepted")->array()) {
        INFO(*header.string());
        const auto tensors = parse_safetensors_header(*header.string(), 8 + header.string()->size() + data, "file");
        if (!tensors) FAIL(to_string(tensors.error()));
        CHECK(tensors->front().offset == 8 + header.string()->size());
    }
    for (const Json& refused : *cases->find("refused")->array()) {
        const std::string& header = *refused.find("header")->string();
        INFO(header);
        const auto tensors = parse_safetensors_header(header, 8 + header.size() + data, "file");
        REQUIRE(!tensors);
        CHECK(tensors.error().code == ErrorCode::bad_input);
        CHECK_THAT(tensors.error().place, test::contains("file"));
        CHECK_THAT(tensors.error().message, test::contains(*refused.find("message")->string()));
    }
}

TEST_CASE("the place of a fault names its tensor as a JSON pointer does") {
    for (const auto& [entry, place] :
         {std::pair(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", "file#/a~1b~0c/data_offsets"),
          std::pair(R"({"dtype":"I64","shape":[1],"data_offsets":[0,8]})", "file#/a~1b~0c/dtype")}) {
        const std::string header = std::string(R"({"a/b~c":)") + entry + "}";
        const auto tensors = parse_safetensors_header(header, 8 + header.size() + 3, "file");
        REQUIRE(!tensors);
        CHECK(tensors.error().place == place);
    }
}

TEST_CASE("a safetensors file cut at any byte is refused") {
    const std::string file =
        test::safetensors_file({{"a", "F32", {3}, std::string(12, 'x')}, {"b", "BF16", {2, 2}, std::string(8, 'y')}});
    const test::TemporaryPath path("cut.safetensors");
    for (std::size_t size = 0; size < file.size(); ++size) {
        REQUIRE(write_file(path.str(), std::string_view(file).substr(0, size)));
        const auto opened = SafetensorsFile::open(path.str());
        INFO(size);
        REQUIRE(!opened);
        CHECK_THAT(opened.error().place, test::contains("cut.safetensors"));
    }
    REQUIRE(write_file(path.str(), file));
    const auto opened = SafetensorsFile::open(path.str());
    REQUIRE(opened);
    std::string bytes(3, '\0');
    REQUIRE(opened->read(opened->tensors()[1], 5, std::as_writable_bytes(std::span(bytes))));
    CHECK(bytes == "yyy");
}

TEST_CASE("a header longer than the file, or than any header, is refused") {
    const test::TemporaryPath path("long.safetensors");
    for (const std::uint64_t length : {std::uint64_t{1} << 63, std::uint64_t{200'000'000}, std::uint64_t{9}}) {
        ByteWriter out;
        out.put(length);
        REQUIRE(write_file(path.str(), out.bytes() + "{}      "));
        const auto opened = SafetensorsFile::open(path.str());
        REQUIRE(!opened);
        CHECK_THAT(opened.error().message, test::contains("a header of " + std::to_string(length)));
    }
}
