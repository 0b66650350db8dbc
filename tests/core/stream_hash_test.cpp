#include "core/stream_hash.hpp"

#include <string>

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("the hash of pieces is that of the whole, wherever they are cut") {
    std::string text;
    for (unsigned k = 0; k < 100'000; ++k) text.push_back(static_cast<char>(k * k + k / 7));
    const auto bytes = std::as_bytes(std::span(text));
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{4096}, std::size_t{65'521}, text.size()}) {
        StreamHash hash;
        for (std::size_t at = 0; at < bytes.size(); at += piece)
            hash.add(bytes.subspan(at, std::min(piece, bytes.size() - at)));
        CHECK(hash.value() == hash128(bytes));
    }
    CHECK(StreamHash().value() == hash128(""));
}
