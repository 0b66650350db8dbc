#pragma once
// Mutates JSON by its values: most changes of bytes give a text that the parser refuses, so what lies behind the parser
// would hardly be reached. Include it in one target's source alone: it defines libFuzzer's hook.
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "core/json.hpp"
#include "core/philox.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace tephra::test {

class JsonMutator {
public:
    explicit JsonMutator(std::uint64_t seed) : seed_(seed) {}

    /// The value with one of its parts changed, up to three times.
    Json run(Json value) {
        for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
            left_ = below(count(value));
            value = copy(value);
        }
        return value;
    }

private:
    static std::size_t count(const Json& value) {
        std::size_t nodes = 1;
        if (const auto* array = value.array())
            for (const Json& element : *array) nodes += count(element);
        if (const auto* object = value.object())
            for (const auto& member : *object) nodes += count(member.second);
        return nodes;
    }

    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_words(seed_, 1, next_++, 0)[0] % limit; }

    Json copy(const Json& value) {
        if (left_-- == 0) return changed(value);
        if (const auto* array = value.array()) {
            Json::Array out;
            for (const Json& element : *array) out.push_back(copy(element));
            return out;
        }
        if (const auto* object = value.object()) {
            Json::Object out;
            for (const auto& [key, member] : *object) out.emplace_back(key, copy(member));
            return out;
        }
        return value;
    }

    Json changed(const Json& value) {
        if (const auto* integer = value.integer()) return changed_integer(*integer);
        if (const auto* real = value.real()) return std::array{0.0, -*real, 1e308, *real * 10, 5e-324}[below(5)];
        if (const auto* truth = value.boolean()) return !*truth;
        if (const auto* array = value.array()) {
            Json::Array out = *array;
            if (out.empty()) return Json::Array{Json(0)};
            const std::size_t at = below(out.size()), kind = below(3);
            if (kind == 0) out.erase(out.begin() + static_cast<std::ptrdiff_t>(at));
            if (kind == 1) out.push_back(Json(out[at]));
            if (kind == 2) std::swap(out[at], out[below(out.size())]);
            return out;
        }
        if (const auto* object = value.object()) {
            Json::Object out = *object;
            if (!out.empty()) out.erase(out.begin() + static_cast<std::ptrdiff_t>(below(out.size())));
            return out;
        }
        return value;
    }

    /// A neighbour, a limit of some type or format, or any number of some magnitude.
    Json changed_integer(std::int64_t value) {
        using Limits = std::numeric_limits<std::int64_t>;
        constexpr std::array<std::int64_t, 17> edges = {-1,
                                                        0,
                                                        1,
                                                        2,
                                                        255,
                                                        256,
                                                        65535,
                                                        65536,
                                                        1 << 24,
                                                        1 << 30,
                                                        1LL << 31,
                                                        (1LL << 31) - 1,
                                                        5'000'000'000,
                                                        1'000'000'000'000,
                                                        Limits::max() / 2,
                                                        Limits::max(),
                                                        Limits::min()};
        switch (below(4)) {
            case 0:
                return value > Limits::min() ? value - 1 : value;
            case 1:
                return value < Limits::max() ? value + 1 : value;
            case 2:
                return edges[below(edges.size())];
            default:
                return static_cast<std::int64_t>(random_words(seed_, 2, next_++, 0)[0]) >> below(32);
        }
    }

    std::uint64_t seed_;
    std::uint64_t next_ = 0;
    std::size_t left_ = 0;
};

}  // namespace tephra::test

/// Three of four times a change of values, else of bytes.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
    if (seed % 4 == 0) return LLVMFuzzerMutate(data, size, max_size);
    const auto json = tephra::parse_json({reinterpret_cast<const char*>(data), size}, "seed");
    if (!json) return LLVMFuzzerMutate(data, size, max_size);
    const std::string text = tephra::test::JsonMutator(seed).run(*json).dump(-1);
    if (text.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
    std::memcpy(data, text.data(), text.size());
    return text.size();
}
