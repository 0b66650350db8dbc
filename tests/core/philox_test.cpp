#include "core/philox.hpp"

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("Philox4x32-10 equals its published vectors") {
    // kat_vectors of Random123 1.14 (Salmon et al.), "philox 4x32 10".
    using Words = std::array<std::uint32_t, 4>;
    CHECK(philox4x32({0, 0}, {0, 0, 0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(philox4x32({0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}) ==
          Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(philox4x32({0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}) ==
          Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("random words depend on every part of their key") {
    const auto words = random_words(1, 2, 3, 4);
    CHECK(random_words(1, 2, 3, 4) == words);
    CHECK(random_words(0, 2, 3, 4) != words);
    CHECK(random_words(std::uint64_t{1} << 40 | 1, 2, 3, 4) != words);
    CHECK(random_words(1, 0, 3, 4) != words);
    CHECK(random_words(1, 2, std::uint64_t{1} << 40 | 3, 4) != words);
    CHECK(random_words(1, 2, 3, 0) != words);
}

TEST_CASE("unit_interval covers [0, 1)") {
    CHECK(unit_interval(0) == 0.0);
    CHECK(unit_interval(0xffffffff) < 1.0);
    CHECK(unit_interval(0x80000000) == 0.5);
}
