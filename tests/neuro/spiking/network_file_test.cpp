#include "neuro/spiking/network_file.hpp"

#include "neuro/spiking/dense.hpp"
#include "neuro/spiking/lif.hpp"
#include "neuro/spiking/relay.hpp"
#include "tests/neuro/spiking/same_network.hpp"

namespace tephra::spiking {
namespace {

LifParameters threshold_of(std::int32_t threshold) {
    LifParameters p;
    p.threshold = threshold;
    return p;
}

Network small_network() {
    const auto weights = store_plain(std::vector<std::int32_t>{1, -2, 300, 4, 5, 6}).value();
    return Network::make({.layers = {{"in", {3}, make_relay()}, {"out", {2}, make_lif(threshold_of(3)).value()}},
                          .connections = {{0, 1, 0, make_dense(3, 2, weights).value(), 2}},
                          .inputs = {{0, 0}},
                          .outputs = {1}})
        .value();
}

const std::string origin = R"({"tool": "test"})";

Result<void> write(const NamedNetwork& named, const std::string& path) {
    auto file = OutputFile::create(path);
    REQUIRE(file);
    return write_network(named, *file);
}

std::string small_file() {
    const tephra::test::TemporaryPath path("small.tph");
    REQUIRE(write(name_network(small_network(), "small", origin).value(), path.str()));
    return read_file(path.str()).value();
}

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

bool is_clear_error(const Result<NamedNetwork>& result) {
    return !result && result.error().code == ErrorCode::bad_input && !result.error().message.empty() &&
           result.error().place.starts_with("small.tph byte ") && !result.error().hint.empty();
}

}  // namespace

TEST_CASE("a network's file reads back what was written") {
    const tephra::test::TemporaryPath path("small.tph");
    const auto named = name_network(small_network(), "small", origin).value();
    REQUIRE(write(named, path.str()));
    const auto back = load_network(path.str());
    REQUIRE(back);
    CHECK(back->name == "small");
    CHECK(back->origin == origin);
    CHECK(back->hash == named.hash);
    test::check_same(named.network, back->network, 20);
    CHECK(tph_kind(path.str()).value() == TphKind::network);
    const auto table = read_network_table(path.str());
    REQUIRE(table);
    CHECK(table->back().offset + table->back().size == read_file(path.str())->size());
    for (const TphSpan& section : *table) CHECK(section.offset % tph_alignment == 0);
    CHECK(section_name(NetworkSection::values) == "values");
    CHECK_FALSE(load_network("/nonexistent.tph"));
}

TEST_CASE("a network's hash is of what it computes, not of its name") {
    CHECK(name_network(small_network(), "one", origin)->hash == name_network(small_network(), "two", "{}")->hash);
}

TEST_CASE("a network's file is not written under a name, or with an origin, that no reader takes") {
    const tephra::test::TemporaryPath path("small.tph");
    CHECK_FALSE(write(name_network(small_network(), std::string(max_name_bytes + 1, 'x'), origin).value(), path.str()));
    CHECK_FALSE(write(name_network(small_network(), "small", "[]").value(), path.str()));
    CHECK_FALSE(std::filesystem::exists(path.str()));
}

TEST_CASE("a network's file cut at any byte, or with one bit flipped, is refused") {
    std::string file = small_file();
    std::size_t accepted = 0;
    for (std::size_t size = 0; size < file.size(); ++size)
        if (!is_clear_error(parse_network(bytes_of(file).first(size), "small.tph"))) ++accepted;
    CHECK(accepted == 0);
    CHECK(is_clear_error(parse_network(bytes_of(file + '\0'), "small.tph")));
    for (std::size_t bit = 0; bit < 8 * file.size(); bit += 3) {
        const auto mask = static_cast<char>(1U << (bit % 8));
        file[bit / 8] = static_cast<char>(file[bit / 8] ^ mask);
        if (!is_clear_error(parse_network(bytes_of(file), "small.tph"))) ++accepted;
        file[bit / 8] = static_cast<char>(file[bit / 8] ^ mask);
    }
    CHECK(accepted == 0);
    CHECK(parse_network(bytes_of(file), "small.tph"));
}

TEST_CASE("sections that no writer makes are refused behind the hashes too") {
    const std::string file = small_file();
    const auto refused = [&](const std::string& from, const std::string& to) {
        std::string changed = file;
        const std::size_t at = changed.find(from, tph::header_bytes(network_sections));
        REQUIRE(at != std::string::npos);
        changed.replace(at, to.size(), to);
        const auto network = parse_network(bytes_of(changed), "small.tph", HashCheck::skip);
        return network ? "accepted" : to_string(network.error());
    };
    CHECK_THAT(refused("small", "\x1b"), tephra::test::contains("control characters"));
    CHECK_THAT(refused("{\"tool\"", "["), tephra::test::contains("origin is not a JSON object"));
    CHECK_THAT(refused("\"lif\"", "\"lof\""), tephra::test::contains("#/layers/1: there is no neuron model \"lof\""));
    CHECK_THAT(refused("\"threshold\":3", "\"threshold\":-"), tephra::test::contains("not valid JSON"));
}

}  // namespace tephra::spiking
