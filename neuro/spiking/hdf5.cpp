#include "neuro/spiking/hdf5.hpp"

#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/narrow.hpp"
#include "core/text.hpp"

namespace tephra::spiking {
namespace {

constexpr std::int64_t most_strings = 1 << 20;
constexpr std::size_t longest_string = 1 << 16;
constexpr hsize_t most_links = 1 << 16;
constexpr int most_axes = 8;
constexpr double largest_exact = 9007199254740992.0;  // 2^53

/// Keeps libhdf5's own error reports off stderr while it lives. The library's clean-up at exit can print after a
/// damaged file ("infinite loop closing library"); nothing was written, so it has nothing to do and is left out.
class Quiet {
public:
    Quiet() {
        H5dont_atexit();
        H5Eget_auto2(H5E_DEFAULT, &report_, &data_);
        H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    }
    ~Quiet() { H5Eset_auto2(H5E_DEFAULT, report_, data_); }
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;

private:
    H5E_auto2_t report_ = nullptr;
    void* data_ = nullptr;
};

/// Owns an identifier of libhdf5.
class Handle {
public:
    Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
    ~Handle() {
        if (id_ >= 0) close_(id_);
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
    [[nodiscard]] hid_t get() const { return id_; }
    explicit operator bool() const { return id_ >= 0; }

private:
    hid_t id_;
    herr_t (*close_)(hid_t);
};

/// Shape and number of elements of an open data set.
struct Extent {
    std::vector<std::int64_t> shape;
    std::int64_t size = 1;
};

Result<Extent> extent_of(hid_t dataset, std::int64_t most, const std::string& place) {
    const Handle space(H5Dget_space(dataset), H5Sclose);
    const H5S_class_t kind = space ? H5Sget_simple_extent_type(space.get()) : H5S_NO_CLASS;
    if (kind != H5S_SCALAR && kind != H5S_SIMPLE)
        return bad_input("the data set holds nothing that can be read", place, "write numbers or strings there");
    Extent extent;
    const int axes = H5Sget_simple_extent_ndims(space.get());
    if (axes < 0 || axes > most_axes)
        return bad_input("the data set has " + std::to_string(axes) + " axes", place,
                         "at most " + std::to_string(most_axes) + " are read");
    std::array<hsize_t, most_axes> dims{};
    H5Sget_simple_extent_dims(space.get(), dims.data(), nullptr);
    for (int axis = 0; axis < axes; ++axis) {
        const hsize_t dim = dims[static_cast<std::size_t>(axis)];
        if (dim > static_cast<hsize_t>(most) || static_cast<std::int64_t>(dim) * extent.size > most)
            return bad_input("the data set is too large", place,
                             "at most " + std::to_string(most) + " elements are read");
        extent.shape.push_back(static_cast<std::int64_t>(dim));
        extent.size *= extent.shape.back();
    }
    return extent;
}

/// What a data set holds must stand in this file itself.
Result<void> check_storage(hid_t dataset, const std::string& place) {
    const Handle plist(H5Dget_create_plist(dataset), H5Pclose);
    if (!plist || H5Pget_external_count(plist.get()) != 0 || H5Pget_layout(plist.get()) == H5D_VIRTUAL)
        return bad_input("the data set takes its values from other files", place, "copy them into this file");
    return {};
}

/// Whether a type is h5py's boolean: one byte, FALSE and TRUE.
bool is_boolean(hid_t type) {
    if (H5Tget_class(type) != H5T_ENUM || H5Tget_size(type) != 1 || H5Tget_nmembers(type) != 2) return false;
    std::array<std::int8_t, 2> values{-1, -1};
    return H5Tenum_valueof(type, "FALSE", values.data()) >= 0 &&
           H5Tenum_valueof(type, "TRUE", values.data() + 1) >= 0 && values == std::array<std::int8_t, 2>{0, 1};
}

tl::unexpected<Error> damaged(const std::string& place) {
    return bad_input("the data set can't be read", place,
                     "the file is cut or damaged, or packed by a filter that is not built into libhdf5");
}

template <typename T>
Result<std::vector<double>> read_as(hid_t dataset, hid_t type, std::int64_t size, const std::string& place) {
    std::vector<T> raw(static_cast<std::size_t>(size));
    if (size > 0 && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw.data()) < 0) return damaged(place);
    std::vector<double> values;
    values.reserve(raw.size());
    for (const T value : raw) {
        const auto number = static_cast<double>(value);
        if (!std::isfinite(number) || (std::is_integral_v<T> && std::abs(number) > largest_exact))
            return bad_input("value " + std::to_string(values.size()) + " is not finite or too large", place,
                             "a network has finite numbers, and integers up to 2^53");
        values.push_back(number);
    }
    return values;
}

Result<std::vector<double>> read_numbers(hid_t dataset, hid_t type, std::int64_t size, const std::string& place) {
    const H5T_class_t kind = H5Tget_class(type);
    if (is_boolean(type)) return read_as<std::int8_t>(dataset, type, size, place);
    if (kind == H5T_INTEGER && H5Tget_size(type) <= 8) {
        if (H5Tget_sign(type) == H5T_SGN_NONE) return read_as<std::uint64_t>(dataset, H5T_NATIVE_UINT64, size, place);
        return read_as<std::int64_t>(dataset, H5T_NATIVE_INT64, size, place);
    }
    if (kind == H5T_FLOAT && H5Tget_size(type) <= 8) return read_as<double>(dataset, H5T_NATIVE_DOUBLE, size, place);
    return bad_input("the data set holds no numbers", place, "integers, floating-point numbers or booleans are read");
}

Result<std::vector<std::string>> read_fixed(hid_t dataset, hid_t type, std::int64_t size, const std::string& place) {
    const std::size_t length = H5Tget_size(type);
    if (length > longest_string) return bad_input("the strings are too long", place, "at most 65536 bytes are read");
    std::vector<char> raw(static_cast<std::size_t>(size) * length);
    if (size > 0 && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw.data()) < 0) return damaged(place);
    const bool spaces = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
    std::vector<std::string> out;
    out.reserve(static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
        std::string text(raw.data() + i * length, length);
        text.resize(std::min(text.find('\0'), text.size()));
        if (spaces) text.resize(text.find_last_not_of(' ') + 1);
        out.push_back(std::move(text));
    }
    return out;
}

Result<std::vector<std::string>> read_variable(hid_t dataset, hid_t type, std::int64_t size, const std::string& place) {
    std::vector<char*> raw(static_cast<std::size_t>(size));
    const Handle space(H5Dget_space(dataset), H5Sclose);
    if (size > 0 && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw.data()) < 0) return damaged(place);
    std::vector<std::string> out;
    out.reserve(raw.size());
    for (const char* text : raw) out.emplace_back(text == nullptr ? "" : text);
    H5Dvlen_reclaim(type, space.get(), H5P_DEFAULT, raw.data());
    for (const std::string& text : out)
        if (text.size() > longest_string)
            return bad_input("a string is too long", place, "at most 65536 bytes are read");
    return out;
}

}  // namespace

struct Hdf5Group::File {
    Handle handle;
    std::string path;
};

Hdf5Group::Hdf5Group(std::shared_ptr<File> file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

Result<Hdf5Group> Hdf5Group::open(const std::string& path) {
    const Quiet quiet;
    H5PLset_loading_state(0);
    if (H5Fis_hdf5(path.c_str()) < 0) return bad_input("the file can't be read", path, "is the path right?");
    if (H5Fis_hdf5(path.c_str()) == 0)
        return bad_input("the file is no HDF5 file", path, "NIR and NetX files are HDF5 files");
    Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (!file) return bad_input("the HDF5 file can't be opened", path, "it is cut or damaged");
    return Hdf5Group(std::make_shared<File>(File{std::move(file), path}), "");
}

std::string Hdf5Group::place() const {
    return file_->path + "#" + (path_.empty() ? "/" : path_);
}

std::string Hdf5Group::place(const std::string& name) const {
    return file_->path + "#" + path_ + "/" + name;
}

Result<std::vector<std::string>> Hdf5Group::names() const {
    const Quiet quiet;
    const std::string where = path_.empty() ? "/" : path_;
    const Handle group(H5Gopen2(file_->handle.get(), where.c_str(), H5P_DEFAULT), H5Gclose);
    H5G_info_t info{};
    if (!group || H5Gget_info(group.get(), &info) < 0 || info.nlinks > most_links)
        return bad_input("the group can't be read", place(), "it is damaged, or has over 65536 members");
    std::vector<std::string> out;
    for (hsize_t i = 0; i < info.nlinks; ++i) {
        const auto name_of = [&](char* text, std::size_t size) {
            return H5Lget_name_by_idx(group.get(), ".", H5_INDEX_NAME, H5_ITER_INC, i, text, size, H5P_DEFAULT);
        };
        const ssize_t length = name_of(nullptr, 0);
        if (length < 0 || length > static_cast<ssize_t>(longest_string))
            return bad_input("the names of the group can't be read", place(), "the file is damaged");
        std::string name(static_cast<std::size_t>(length) + 1, '\0');
        name_of(name.data(), name.size());
        name.pop_back();
        out.push_back(std::move(name));
    }
    std::ranges::sort(out);
    return out;
}

/// The member as an open object; an invalid handle where there is none in this file.
static Handle open_member(hid_t file, const std::string& group, const std::string& name) {
    if (name.empty() || name == "." || name.find('/') != std::string::npos) return {-1, H5Oclose};
    const std::string where = group + "/" + name;
    H5L_info_t link{};
    if (H5Lexists(file, where.c_str(), H5P_DEFAULT) <= 0 || H5Lget_info(file, where.c_str(), &link, H5P_DEFAULT) < 0 ||
        (link.type != H5L_TYPE_HARD && link.type != H5L_TYPE_SOFT))
        return {-1, H5Oclose};
    return {H5Oopen(file, where.c_str(), H5P_DEFAULT), H5Oclose};
}

bool Hdf5Group::has(const std::string& name) const {
    const Quiet quiet;
    return static_cast<bool>(open_member(file_->handle.get(), path_, name));
}

bool Hdf5Group::has_group(const std::string& name) const {
    const Quiet quiet;
    const Handle object = open_member(file_->handle.get(), path_, name);
    return object && H5Iget_type(object.get()) == H5I_GROUP;
}

Result<Hdf5Group> Hdf5Group::group(const std::string& name) const {
    if (has_group(name)) return Hdf5Group(file_, path_ + "/" + name);
    return bad_input("there is no group \"" + name + "\"", place(), "the file is of another kind, or incomplete");
}

namespace {

/// Opens a data set whose values stand in the file. Errors: bad_input.
Result<Handle> open_dataset(Handle object, const std::string& place) {
    if (!object) return bad_input("it is missing", place, "the file is of another kind, or incomplete");
    if (H5Iget_type(object.get()) != H5I_DATASET)
        return bad_input("it is no data set", place, "a value is needed there");
    if (const auto checked = check_storage(object.get(), place); !checked) return tl::unexpected(checked.error());
    return object;
}

}  // namespace

Result<Hdf5Array> Hdf5Group::numbers(const std::string& name) const {
    const Quiet quiet;
    const std::string where = place(name);
    const Result<Handle> dataset = open_dataset(open_member(file_->handle.get(), path_, name), where);
    if (!dataset) return tl::unexpected(dataset.error());
    const Result<Extent> extent = extent_of(dataset->get(), most_hdf5_elements, where);
    if (!extent) return tl::unexpected(extent.error());
    const Handle type(H5Dget_type(dataset->get()), H5Tclose);
    auto values = read_numbers(dataset->get(), type.get(), extent->size, where);
    if (!values) return tl::unexpected(values.error());
    return Hdf5Array{extent->shape, std::move(*values)};
}

Result<double> Hdf5Group::number(const std::string& name) const {
    const Result<Hdf5Array> array = numbers(name);
    if (!array) return tl::unexpected(array.error());
    if (array->values.size() == 1) return array->values.front();
    return bad_input("there are " + std::to_string(array->values.size()) + " numbers", place(name), "one is needed");
}

Result<std::int64_t> Hdf5Group::integer(const std::string& name, std::int64_t min, std::int64_t max) const {
    const Result<double> value = number(name);
    if (!value) return tl::unexpected(value.error());
    if (*value == std::floor(*value) && *value >= static_cast<double>(min) && *value <= static_cast<double>(max))
        return static_cast<std::int64_t>(*value);
    return bad_input("it is " + number_text(*value), place(name),
                     min == max ? "it must be " + std::to_string(min)
                                : "it can be an integer from " + std::to_string(min) + " to " + std::to_string(max));
}

Result<Hdf5Group::Strings> Hdf5Group::strings(const std::string& name) const {
    const Quiet quiet;
    const std::string where = place(name);
    const Result<Handle> dataset = open_dataset(open_member(file_->handle.get(), path_, name), where);
    if (!dataset) return tl::unexpected(dataset.error());
    const Result<Extent> extent = extent_of(dataset->get(), most_strings, where);
    if (!extent) return tl::unexpected(extent.error());
    const Handle type(H5Dget_type(dataset->get()), H5Tclose);
    if (H5Tget_class(type.get()) != H5T_STRING)
        return bad_input("the data set holds no strings", where, "write text there");
    auto values = H5Tis_variable_str(type.get()) > 0 ? read_variable(dataset->get(), type.get(), extent->size, where)
                                                     : read_fixed(dataset->get(), type.get(), extent->size, where);
    if (!values) return tl::unexpected(values.error());
    return Strings{extent->shape, std::move(*values)};
}

Result<std::string> Hdf5Group::string(const std::string& name) const {
    Result<Strings> all = strings(name);
    if (!all) return tl::unexpected(all.error());
    if (all->values.size() == 1) return std::move(all->values.front());
    return bad_input("there are " + std::to_string(all->values.size()) + " strings", place(name), "one is needed");
}

}  // namespace tephra::spiking
