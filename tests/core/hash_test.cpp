#include "core/hash.hpp"

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("hashes equal the published XXH3-128") {
    // Values of xxhsum -H2 (xxHash 0.8).
    CHECK(to_string(hash128("")) == "99aa06d3014798d86001c324468d497f");
    CHECK(to_string(hash128("a")) == "a96faf705af16834e6c632b61e964e1f");
    CHECK(to_string(hash128("abc")) == "06b05ab6733a618578af5f94892f3950");
}

TEST_CASE("a hash depends on every byte and on the seed") {
    std::string text(1000, 'x');
    const Hash128 hash = hash128(text);
    for (std::size_t k = 0; k < text.size(); ++k) {
        text[k] = 'y';
        CHECK(!(hash128(text) == hash));
        text[k] = 'x';
    }
    CHECK(!(hash128(text, 1) == hash));
    CHECK(hash128(text) == hash);
}
