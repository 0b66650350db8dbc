#include "core/stream_hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tephra {

struct StreamHash::State {
    XXH3_state_t xxh;  // aligned: new takes care of it
};

StreamHash::StreamHash() : state_(std::make_unique<State>()) {
    XXH3_128bits_reset(&state_->xxh);
}

StreamHash::~StreamHash() = default;

void StreamHash::add(std::span<const std::byte> bytes) {
    XXH3_128bits_update(&state_->xxh, bytes.data(), bytes.size());
}

Hash128 StreamHash::value() const {
    const XXH128_hash_t h = XXH3_128bits_digest(&state_->xxh);
    return {h.low64, h.high64};
}

}  // namespace tephra
