#pragma once
// EventQueue: the future of one chip. A wheel of narrow time buckets holds the near future as intrusive lists, a heap
// holds the rest; a bucket is sorted when its time comes. Nothing is allocated once the pools have grown.
#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <limits>
#include <vector>

namespace tephra {

/// Events are totally ordered by (time, target, source, order of insertion).
struct Event {
    std::int64_t time = 0;  ///< picoseconds
    std::uint32_t target = 0;
    std::uint32_t source = 0;
    std::uint32_t payload = 0;
    std::uint32_t sequence = 0;  ///< order of insertion, modulo 2^32: set by the queue
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
        if (bucket == base_ && open_)
            insert_current({time, target, source, payload, sequence_++});
        else if (bucket - base_ < bucket_count)
            insert_bucket({time, target, source, payload, sequence_++});
        else
            insert_far({time, target, source, payload, sequence_++});
    }

    /// Removes the first event when it lies before `end`.
    bool pop(std::int64_t end, Event& event) {
        if (cursor_ == current_.size() && !open_next(end)) return false;
        if (current_[cursor_].time >= end) return false;
        event = current_[cursor_++];
        --size_;
        return true;
    }

    /// Time of the first event, or `never`.
    [[nodiscard]] std::int64_t next_time() const {
        if (cursor_ < current_.size()) return current_[cursor_].time;
        const std::int64_t bucket = next_occupied();
        if (bucket == never) return far_.empty() ? never : far_.front().time;
        std::int64_t first = never;
        for (std::uint32_t n = buckets_[index(bucket)]; n != none; n = nodes_[n].next)
            first = std::min(first, nodes_[n].event.time);
        return first;
    }

    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    static constexpr int bucket_bits = 5;                ///< 32 ps: a few events of a busy chip
    static constexpr std::int64_t bucket_count = 16384;  ///< half a microsecond
    static constexpr std::uint32_t none = 0xFFFFFFFFU;

    struct Node {
        Event event;
        std::uint32_t next;
    };
    static bool before(const Event& a, const Event& b) {
        if (a.time != b.time) return a.time < b.time;
        const std::uint64_t key_a = std::uint64_t{a.target} << 32 | a.source;
        const std::uint64_t key_b = std::uint64_t{b.target} << 32 | b.source;
        if (key_a != key_b) return key_a < key_b;
        return static_cast<std::int32_t>(a.sequence - b.sequence) < 0;
    }
    struct Before {
        bool operator()(const Event& a, const Event& b) const { return before(a, b); }
    };
    struct After {
        bool operator()(const Event& a, const Event& b) const { return before(b, a); }
    };
    static std::size_t index(std::int64_t bucket) { return static_cast<std::size_t>(bucket & (bucket_count - 1)); }

    void insert_current(const Event& event) {
        std::size_t at = current_.size();
        current_.push_back(event);
        for (; at > cursor_ && before(event, current_[at - 1]); --at) current_[at] = current_[at - 1];
        current_[at] = event;
    }

    void insert_bucket(const Event& event) {
        std::uint32_t node = free_;
        if (node == none) {
            node = static_cast<std::uint32_t>(nodes_.size());
            nodes_.emplace_back();
        } else {
            free_ = nodes_[node].next;
        }
        const std::size_t at = index(event.time >> bucket_bits);
        nodes_[node] = {event, buckets_[at]};
        buckets_[at] = node;
        occupied_[at / 64] |= std::uint64_t{1} << (at % 64);
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
            word = word + 1 == occupied_.size() ? 0 : word + 1;
            bits = occupied_[word];
        }
        return never;
    }

    /// Makes `bucket` the present one; far events that the wheel now reaches move into it.
    void advance(std::int64_t bucket) {
        base_ = bucket;
        while (!far_.empty() && (far_.front().time >> bucket_bits) - base_ < bucket_count) {
            std::pop_heap(far_.begin(), far_.end(), After{});
            insert_bucket(far_.back());
            far_.pop_back();
        }
    }

    /// Sorts the next bucket that may hold events before `end` into current_; false when there is none.
    bool open_next(std::int64_t end) {
        current_.clear();
        cursor_ = 0;
        std::int64_t bucket = next_occupied();
        const std::int64_t far = far_.empty() ? never : far_.front().time >> bucket_bits;
        bucket = std::min(bucket, far);
        const std::int64_t last = end == never ? never : end >> bucket_bits;
        if (bucket == never) return false;  // the present bucket stays: the next event may fall into it
        if (bucket > last) {
            if (last > base_) {
                open_ = false;
                advance(last);
            }
            return false;
        }
        advance(bucket);
        const std::size_t at = index(bucket);
        for (std::uint32_t n = buckets_[at]; n != none;) {
            current_.push_back(nodes_[n].event);
            const std::uint32_t next = nodes_[n].next;
            nodes_[n].next = free_;
            free_ = n;
            n = next;
        }
        buckets_[at] = none;
        occupied_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
        sort_current();
        open_ = true;
        return true;
    }

    void sort_current() {
        if (current_.size() > 32) {
            std::sort(current_.begin(), current_.end(), Before{});
            return;
        }
        for (std::size_t i = 1; i < current_.size(); ++i) {
            const Event event = current_[i];
            std::size_t at = i;
            for (; at > 0 && before(event, current_[at - 1]); --at) current_[at] = current_[at - 1];
            current_[at] = event;
        }
    }

    std::vector<Node> nodes_;
    std::vector<std::uint32_t> buckets_;  ///< [bucket_count] first node of each bucket
    std::vector<std::uint64_t> occupied_;
    std::vector<Event> current_;  ///< events of bucket base_ in order, valid from cursor_ on
    std::vector<Event> far_;      ///< heap of the events beyond the wheel, the first in front
    std::size_t cursor_ = 0;
    std::size_t size_ = 0;
    std::int64_t base_ = 0;
    std::uint32_t sequence_ = 0;
    std::uint32_t free_ = none;
    bool open_ = false;  ///< bucket base_ has been sorted into current_
};

}  // namespace tephra
