#pragma once
// EventQueue: the future of one chip. A wheel of narrow time buckets holds the near future, each bucket as a list in
// order; a heap holds the rest. Nothing is allocated once the pools have grown.
#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <functional>
#include <limits>
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

    EventQueue() : buckets_(bucket_count, none), occupied_(bucket_count / 64) {}

    /// Adds an event; its time must not lie before the last popped event, nor, while others wait, before the `end` of
    /// the last pop.
    void push(std::int64_t time, std::uint32_t target, std::uint32_t source, std::uint32_t payload) {
        ++size_;
        const std::int64_t bucket = time >> bucket_bits;
        assert(bucket >= base_);
        if (bucket - base_ < bucket_count)
            insert_near(time, key(target, source), payload);
        else
            insert_far({time, target, source, payload, sequence_++});
    }

    /// Removes the first event when it lies before `end`.
    bool pop(std::int64_t end, Event& event) {
        std::int64_t bucket = next_occupied();
        if (!far_.empty() && far_.front().time >> bucket_bits < bucket) bucket = far_.front().time >> bucket_bits;
        if (bucket == never || bucket << bucket_bits >= end) return false;
        base_ = bucket;
        if (!far_.empty()) fetch_far();
        const std::size_t at = index(bucket);
        const std::uint32_t n = buckets_[at];
        Node& node = nodes_[n];
        if (node.time >= end) return false;
        event = {node.time, static_cast<std::uint32_t>(node.key >> 32), static_cast<std::uint32_t>(node.key),
                 node.payload, 0};
        buckets_[at] = node.next;
        if (node.next == none) occupied_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
        node.next = free_;
        free_ = n;
        --size_;
        return true;
    }

    /// Time of the first event, or `never`.
    [[nodiscard]] std::int64_t next_time() const {
        const std::int64_t bucket = next_occupied();
        const std::int64_t near = bucket == never ? never : nodes_[buckets_[index(bucket)]].time;
        return far_.empty() ? near : std::min(near, far_.front().time);
    }

    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }

    /// Loads into an empty queue. `each` sees every event (simulator/state/chip_state.cpp).
    void state(StateFields& fields, const std::function<void(Event&)>& each);

private:
    static constexpr int bucket_bits = 3;               ///< 8 ps: one event of a busy chip, or two
    static constexpr std::int64_t bucket_count = 8192;  ///< 66 ns: several hops
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

    /// Into the list of its bucket, behind all that are not after it.
    void insert_near(std::int64_t time, std::uint64_t key, std::uint32_t payload) {
        std::uint32_t n = free_;
        if (n == none) {
            n = static_cast<std::uint32_t>(nodes_.size());
            nodes_.emplace_back();
        } else {
            free_ = nodes_[n].next;
        }
        const std::size_t at = index(time >> bucket_bits);
        occupied_[at / 64] |= std::uint64_t{1} << (at % 64);
        Node* const nodes = nodes_.data();
        std::uint32_t* link = &buckets_[at];
        for (; *link != none; link = &nodes[*link].next) {
            const Node& other = nodes[*link];
            if (time < other.time || (time == other.time && key < other.key)) break;
        }
        // Field by field: a copy of a whole node would wait for stores of its parts.
        nodes[n].time = time;
        nodes[n].key = key;
        nodes[n].payload = payload;
        nodes[n].next = *link;
        *link = n;
    }

    void insert_far(const Event& event) {
        far_.push_back(event);
        std::push_heap(far_.begin(), far_.end(), After{});
    }

    /// The first non-empty bucket of the wheel from base_ on, or `never`.
    [[nodiscard]] std::int64_t next_occupied() const {
        const std::size_t start = index(base_);
        std::size_t word = start / 64;
        std::uint64_t bits = occupied_[word] & (~std::uint64_t{0} << (start % 64));
        for (std::size_t k = 0; k <= occupied_.size(); ++k) {
            if (bits != 0) {
                const std::size_t at = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
                return base_ + static_cast<std::int64_t>((at - start) & (bucket_count - 1));
            }
            word = (word + 1) % (bucket_count / 64);
            bits = occupied_[word];
        }
        return never;
    }

    [[nodiscard]] std::vector<Event> in_order() const;

    /// Far events that the wheel reaches from base_ on move into it.
    void fetch_far() {
        while (!far_.empty() && (far_.front().time >> bucket_bits) - base_ < bucket_count) {
            std::pop_heap(far_.begin(), far_.end(), After{});
            const Event& event = far_.back();
            insert_near(event.time, key(event.target, event.source), event.payload);
            far_.pop_back();
        }
    }

    std::vector<Node> nodes_;
    std::vector<std::uint32_t> buckets_;  ///< [bucket_count] first node of each bucket
    std::vector<std::uint64_t> occupied_;
    std::vector<Event> far_;  ///< heap of the events beyond the wheel, the first in front
    std::size_t size_ = 0;
    std::int64_t base_ = 0;  ///< bucket from which the wheel reaches on; no event lies before it
    std::uint32_t sequence_ = 0;
    std::uint32_t free_ = none;
};

}  // namespace tephra
