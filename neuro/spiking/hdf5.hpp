#pragma once
// HDF5 files, read strictly through libhdf5: the only place that knows it. Plug-in filters are off, libhdf5 prints
// nothing, and every number is checked on its way in.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace tephra::spiking {

/// Most elements of a data set that is read.
inline constexpr std::int64_t most_hdf5_elements = std::int64_t{1} << 26;

/// Numbers of a data set in C order. Every finite number of a file becomes an equal double, or is refused.
struct Hdf5Array {
    std::vector<std::int64_t> shape;  ///< empty: a scalar
    std::vector<double> values;
};

/// A group of an open file. Places in errors are "file#/path". Copies share the file, which closes with the last one.
class Hdf5Group {
public:
    /// The root group. Errors: bad_input when the file can't be read or is no HDF5 file.
    static Result<Hdf5Group> open(const std::string& path);

    /// Names of what the group holds, sorted by bytes. Errors: bad_input (damaged, too many).
    [[nodiscard]] Result<std::vector<std::string>> names() const;
    /// Whether a link of this name leads somewhere within the file.
    [[nodiscard]] bool has(const std::string& name) const;
    [[nodiscard]] bool has_group(const std::string& name) const;
    [[nodiscard]] Result<Hdf5Group> group(const std::string& name) const;
    /// Integers, booleans (an enumeration of FALSE and TRUE) and floating-point numbers. Errors: bad_input when it is
    /// missing, of another type, too large, not finite, or an integer beyond 2^53.
    [[nodiscard]] Result<Hdf5Array> numbers(const std::string& name) const;
    /// One number; an array of one element counts.
    [[nodiscard]] Result<double> number(const std::string& name) const;
    /// One integer in [min, max].
    [[nodiscard]] Result<std::int64_t> integer(const std::string& name, std::int64_t min, std::int64_t max) const;
    /// Strings of fixed or variable length, in C order, with the shape.
    struct Strings {
        std::vector<std::int64_t> shape;
        std::vector<std::string> values;
    };
    [[nodiscard]] Result<Strings> strings(const std::string& name) const;
    /// One string; an array of one element counts.
    [[nodiscard]] Result<std::string> string(const std::string& name) const;
    /// "file#/path/name", the place of a member.
    [[nodiscard]] std::string place(const std::string& name) const;
    [[nodiscard]] std::string place() const;

private:
    struct File;
    Hdf5Group(std::shared_ptr<File> file, std::string path);
    std::shared_ptr<File> file_;
    std::string path_;  ///< "" is the root; "/layer/0"
};

}  // namespace tephra::spiking
