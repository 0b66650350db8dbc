#pragma once
// EventQueue: the future of one chip, in three parts. The present 64 ps have a list a picosecond, in order; a word of
// bits says which hold anything. The near future is a wheel of buckets of 64 ps each, which are sorted when their turn
// comes. A heap holds the rest. Nothing is allocated once the pools have grown.
#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

namespace tephra {

class StateFields;

/// Events are totally ordered by (time, target, source, order of insertion).
struct Event {
    std::int64_t time = 0;  ///< picoseconds
    std::uint32_t target = 0;
    std::uint32_t source = 0;
    std::uint32_t payload = 0;
    std::uint32_t sequence = 0;  ///< order of insertion beyond the wheel, modulo 2^32: set by the queue
};

class EventQueue {
public:
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

    EventQueue() {
        moments_.fill(none);
        buckets_.fill(none);
    }

    /// Adds an event; its time must not lie before the last popped event, nor, while others wait, before the `end` of
    /// the last pop.
    void push(std::int64_t time, std::uint32_t target, std::uint32_t source, std::uint32_t payload) {
        const std::int64_t ahead = (time >> bucket_bits) - present_;
        assert(ahead >= 0);
        if (ahead >= bucket_count) [[unlikely]]
            return insert_far({time, target, source, payload, sequence_++});
        const std::uint32_t n = take_node();
        Node& node = nodes_[n];
        node.time = time;
        node.key = key(target, source);
        node.payload = payload;
        if (ahead == 0) return insert_present(n, false);
        const std::size_t at = index(time >> bucket_bits);
        node.next = buckets_[at];
        buckets_[at] = n;
        occupied_[at / 64] |= std::uint64_t{1} << (at % 64);
        words_ |= std::uint64_t{1} << (at / 64);
    }

    /// Removes the first event when it lies before `end`.
    bool pop(std::int64_t end, Event& event) {
        if (present_moments_ == 0 && !open_next(end)) return false;
        const auto at = static_cast<std::size_t>(std::countr_zero(present_moments_));
        const std::uint32_t n = moments_[at];
        Node& node = nodes_[n];
        if (node.time >= end) return false;
        event.time = node.time;
        event.target = static_cast<std::uint32_t>(node.key >> 32);
        event.source = static_cast<std::uint32_t>(node.key);
        event.payload = node.payload;
        const std::uint32_t next = node.next;
        moments_[at] = next;
        present_moments_ &= present_moments_ - static_cast<std::uint64_t>(next == none);  // the lowest bit, or none
        node.next = free_;
        free_ = n;
        return true;
    }

    /// Time of the first event, or `never`.
    [[nodiscard]] std::int64_t next_time() const {
        if (present_moments_ != 0)
            return nodes_[moments_[static_cast<std::size_t>(std::countr_zero(present_moments_))]].time;
        if (words_ == 0) return far_.empty() ? never : far_.front().time;
        std::int64_t first = never;  // far events lie behind all in the wheel
        for (std::uint32_t n = buckets_[index(next_bucket())]; n != none; n = nodes_[n].next)
            first = std::min(first, nodes_[n].time);
        return first;
    }

    [[nodiscard]] bool empty() const { return present_moments_ == 0 && words_ == 0 && far_.empty(); }
    [[nodiscard]] std::size_t size() const { return in_order().size(); }

    /// Loads into an empty queue. `each` sees every event (simulator/state/chip_state.cpp).
    void state(StateFields& fields, const std::function<void(Event&)>& each);

private:
    static constexpr int bucket_bits = 6;               ///< 64 ps: a bit each in one word
    static constexpr std::int64_t bucket_count = 4096;  ///< 262 ns: many hops, or the link to another chip
    static constexpr std::size_t word_count = bucket_count / 64;
    static_assert(word_count == 64);  // so that one word says which of them hold anything
    static constexpr std::uint32_t none = 0xFFFFFFFFU;

    struct Node {
        std::int64_t time;
        std::uint64_t key;
        std::uint32_t payload;
        std::uint32_t next;
    };
    static std::uint64_t key(std::uint32_t target, std::uint32_t source) {
        return std::uint64_t{target} << 32 | source;
    }
    struct After {
        bool operator()(const Event& a, const Event& b) const {
            if (a.time != b.time) return a.time > b.time;
            const std::uint64_t key_a = key(a.target, a.source), key_b = key(b.target, b.source);
            if (key_a != key_b) return key_a > key_b;
            return static_cast<std::int32_t>(a.sequence - b.sequence) > 0;
        }
    };
    static std::size_t index(std::int64_t bucket) { return static_cast<std::size_t>(bucket & (bucket_count - 1)); }

    std::uint32_t take_node() {
        if (free_ == none) [[unlikely]] {
            nodes_.push_back({0, 0, 0, none});
            return static_cast<std::uint32_t>(nodes_.size() - 1);
        }
        return std::exchange(free_, nodes_[free_].next);
    }

    /// Into the list of its picosecond: behind all that are not after it, or `before` those of the same order.
    void insert_present(std::uint32_t n, bool before) {
        Node* const nodes = nodes_.data();
        Node& node = nodes[n];
        const std::size_t at = static_cast<std::size_t>(node.time) % (1U << bucket_bits);
        present_moments_ |= std::uint64_t{1} << at;
        std::uint32_t* link = &moments_[at];
        while (*link != none && (before ? nodes[*link].key < node.key : nodes[*link].key <= node.key))
            link = &nodes[*link].next;
        node.next = *link;
        *link = n;
    }

    [[gnu::noinline]] void insert_far(const Event& event) {
        far_.push_back(event);
        std::push_heap(far_.begin(), far_.end(), After{});
    }

    /// The first bucket behind the present one that holds anything; the wheel is not empty.
    [[nodiscard]] std::int64_t next_bucket() const {
        const std::size_t start = index(present_ + 1);
        std::size_t word = start / 64;
        std::uint64_t bits = occupied_[word] & (~std::uint64_t{0} << (start % 64));
        if (bits == 0) {  // the words behind it, then around up to the buckets of this one before `start`
            const std::uint64_t words = std::rotr(words_, static_cast<int>(word + 1));
            word = (word + 1 + static_cast<std::size_t>(std::countr_zero(words))) % word_count;
            bits = occupied_[word];
        }
        const std::size_t at = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        return present_ + 1 + static_cast<std::int64_t>((at - start) & (bucket_count - 1));
    }

    /// The present is over: the next bucket that holds anything becomes it, if it begins before `end`.
    [[gnu::noinline]] bool open_next(std::int64_t end) {
        std::int64_t bucket = never >> bucket_bits;
        if (words_ != 0)
            bucket = next_bucket();
        else if (!far_.empty())
            bucket = far_.front().time >> bucket_bits;
        if (bucket > (end - 1) >> bucket_bits || bucket == never >> bucket_bits) return false;
        present_ = bucket;
        const std::size_t at = index(bucket);
        const std::uint64_t left = occupied_[at / 64] & ~(std::uint64_t{1} << (at % 64));
        occupied_[at / 64] = left;
        if (left == 0) words_ &= ~(std::uint64_t{1} << (at / 64));
        // The list has the latest first.
        for (std::uint32_t n = std::exchange(buckets_[at], none); n != none;) {
            const std::uint32_t next = nodes_[n].next;
            insert_present(n, true);
            n = next;
        }
        fetch_far();
        return true;
    }

    [[nodiscard]] std::vector<Event> in_order() const;

    /// Far events that the wheel reaches now move into it: they were there before any that is pushed from now on.
    void fetch_far() {
        while (!far_.empty() && (far_.front().time >> bucket_bits) - present_ < bucket_count) {
            std::pop_heap(far_.begin(), far_.end(), After{});
            const Event event = far_.back();
            far_.pop_back();
            push(event.time, event.target, event.source, event.payload);
        }
    }

    std::uint64_t present_moments_ = 0;                     ///< picoseconds of the present bucket that hold anything
    std::array<std::uint32_t, 1U << bucket_bits> moments_;  ///< first node of each
    std::int64_t present_ = 0;                              ///< the bucket; no event lies before it
    std::uint32_t free_ = none;
    std::uint64_t words_ = 0;                           ///< words of occupied_ that are not 0, a bit each
    std::array<std::uint64_t, word_count> occupied_{};  ///< buckets of the wheel that hold anything, a bit each
    std::array<std::uint32_t, bucket_count> buckets_;   ///< the latest node of each
    std::vector<Node> nodes_;
    std::vector<Event> far_;  ///< heap of the events beyond the wheel, the first in front
    std::uint32_t sequence_ = 0;
};

}  // namespace tephra
