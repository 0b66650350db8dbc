// What deployment files of all kinds have in common; their content: tph_test.cpp, spiking/network_file_test.cpp.
#include "neuro/tph_table.hpp"

#include "core/file_kind.hpp"
#include "neuro/lm/tph.hpp"
#include "neuro/spiking/network_file.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace std::literals;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string kind_text(std::string_view after_magic) {
    const std::string file = std::string(deployment_magic) + std::string(after_magic);
    const auto kind = tph_kind(bytes_of(file), "file");
    return kind ? std::string(to_string(*kind)) : to_string(kind.error());
}

}  // namespace

TEST_CASE("the header of a deployment file says what it holds") {
    CHECK(kind_text("\1\0\0\0"sv) == "a language model");
    CHECK(kind_text("\1\0\1\0"sv) == "a spiking or graded network");
    CHECK_THAT(kind_text("\1\0\2\0"sv), test::contains("file byte 10: deployment file of kind 2"));
    CHECK_THAT(kind_text("\2\0\0\0"sv), test::contains("file byte 8: deployment file of version 2"));
    CHECK_THAT(kind_text("\1\0\0"sv), test::contains("file byte 11: the file ends inside its header"));
    CHECK_THAT(to_string(tph_kind("/nonexistent.tph").error()), test::contains("/nonexistent.tph byte 0"));
}

TEST_CASE("a deployment file of another kind is called what it is") {
    const std::string begin(deployment_magic);
    const auto model = spiking::parse_network(bytes_of(begin + "\1\0\0\0"s), "file");
    CHECK(to_string(model.error()) ==
          "file byte 10: this deployment file holds a language model, a spiking or graded network is needed (info, "
          "lower, map, simulate, generate, eval and measure take language models)");
    const auto network = parse_tph(bytes_of(begin + "\1\0\1\0"s), "file", nullptr);
    CHECK(to_string(network.error()) ==
          "file byte 10: this deployment file holds a spiking or graded network, a language model is needed (info, "
          "lower, map, simulate and run take networks)");
}
