#pragma once
// Ring: a queue in one block of memory, which grows and is kept.
#include <cstddef>
#include <vector>

namespace tephra {

template <typename T>
class Ring {
public:
    [[nodiscard]] bool empty() const { return head_ == tail_; }
    [[nodiscard]] bool full() const { return size() == items_.size(); }
    [[nodiscard]] std::size_t size() const { return tail_ - head_; }
    T& front() { return items_[head_ & (items_.size() - 1)]; }
    [[nodiscard]] const T& front() const { return items_[head_ & (items_.size() - 1)]; }
    /// The k-th after the front.
    [[nodiscard]] const T& operator[](std::size_t k) const { return items_[(head_ + k) & (items_.size() - 1)]; }
    void pop() { ++head_; }
    void push(const T& item) {
        if (full()) grow();
        items_[tail_++ & (items_.size() - 1)] = item;
    }

private:
    void grow() {
        std::vector<T> larger(items_.empty() ? 8 : 2 * items_.size());  // a power of two
        const std::size_t count = size();
        for (std::size_t k = 0; k < count; ++k) larger[k] = items_[(head_ + k) & (items_.size() - 1)];
        items_.swap(larger);
        head_ = 0;
        tail_ = count;
    }

    std::vector<T> items_;
    std::size_t head_ = 0, tail_ = 0;  ///< of all that were ever popped and pushed since the last growth
};

}  // namespace tephra
