#pragma once
// Zeroed memory aligned to the cache lines that the kernels load.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>

namespace tephra {

template <typename T>
class AlignedBuffer {
public:
    AlignedBuffer() = default;
    explicit AlignedBuffer(std::size_t size) : data_(allocate(size)), size_(size) {}
    [[nodiscard]] std::span<T> span() const { return {data_.get(), size_}; }
    /// Row r of a matrix with rows of `width` elements.
    [[nodiscard]] std::span<T> row(std::size_t r, std::size_t width) const { return span().subspan(r * width, width); }

private:
    static constexpr std::align_val_t alignment{64};
    struct Free {
        void operator()(T* data) const { ::operator delete[](data, alignment); }
    };
    static T* allocate(std::size_t size) {
        auto* data = static_cast<T*>(::operator new[](size * sizeof(T), alignment));
        std::uninitialized_fill_n(data, size, T{});
        return data;
    }
    std::unique_ptr<T[], Free> data_;
    std::size_t size_ = 0;
};

}  // namespace tephra
