#pragma once
// Physical units as types: adding picoseconds to picojoules does not compile.
#include <compare>
#include <cstdint>

namespace tephra {

/// A quantity of one unit. `Rep` is exact (int64_t) for simulated time and double for energy and power.
template <typename Tag, typename Rep>
class Quantity {
public:
    constexpr Quantity() = default;
    constexpr explicit Quantity(Rep value) : value_(value) {}
    [[nodiscard]] constexpr Rep value() const { return value_; }
    friend constexpr auto operator<=>(Quantity, Quantity) = default;
    friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value_ + b.value_); }
    friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value_ - b.value_); }
    friend constexpr Quantity operator*(Quantity a, Rep factor) { return Quantity(a.value_ * factor); }
    friend constexpr Quantity operator*(Rep factor, Quantity a) { return Quantity(a.value_ * factor); }
    constexpr Quantity& operator+=(Quantity other) { return value_ += other.value_, *this; }
    constexpr Quantity& operator-=(Quantity other) { return value_ -= other.value_, *this; }

private:
    Rep value_{};
};

using Picoseconds = Quantity<struct PicosecondTag, std::int64_t>;  ///< simulated time
using Picojoules = Quantity<struct PicojouleTag, double>;          ///< energy
using Milliwatts = Quantity<struct MilliwattTag, double>;          ///< power

/// Simulated times, and their sums over a token, are below this: 2^62 ps, 53 days. So two of them add within 64 bits.
inline constexpr Picoseconds longest_time{std::int64_t{1} << 62};
static_assert(longest_time.value() - 1 <= INT64_MAX / 2);

/// Energy of a constant power over a time: 1 mW x 1 ps = 1e-3 pJ.
constexpr Picojoules operator*(Milliwatts power, Picoseconds time) {
    return Picojoules(power.value() * static_cast<double>(time.value()) * 1e-3);
}
constexpr double seconds(Picoseconds time) {
    return static_cast<double>(time.value()) * 1e-12;
}
constexpr double joules(Picojoules energy) {
    return energy.value() * 1e-12;
}

constexpr double millijoules(Picojoules energy) {
    return energy.value() / 1e9;
}

}  // namespace tephra
