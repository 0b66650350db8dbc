#pragma once
// StreamHash: hash128() of bytes that come piece by piece.
#include <memory>
#include <span>

#include "core/hash.hpp"

namespace tephra {

class StreamHash {
public:
    StreamHash();
    ~StreamHash();
    StreamHash(const StreamHash&) = delete;
    StreamHash& operator=(const StreamHash&) = delete;

    void add(std::span<const std::byte> bytes);
    /// hash128() of all bytes so far, one behind the other.
    [[nodiscard]] Hash128 value() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tephra
