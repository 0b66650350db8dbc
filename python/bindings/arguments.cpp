#include "python/bindings/arguments.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "core/text.hpp"

namespace tephra::python {
namespace {

std::string type_of(py::handle value) {
    return Py_TYPE(value.ptr())->tp_name;
}

[[noreturn]] void refuse_type(py::handle value, const std::string& place, const std::string& wanted) {
    refuse("it is of type " + type_of(value), place, "give " + wanted);
}

std::string range_text(std::int64_t min, std::int64_t max) {
    return "it can be " + std::to_string(min) + " to " + std::to_string(max);
}

/// The value as Python's int, or refused.
py::object index_of(py::handle value, const std::string& place) {
    if (PyBool_Check(value.ptr()) != 0 || PyIndex_Check(value.ptr()) == 0) refuse_type(value, place, "an integer");
    auto index = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
    if (!index) {
        PyErr_Clear();
        refuse_type(value, place, "an integer");
    }
    return index;
}

constexpr std::int64_t largest_word = std::numeric_limits<std::int32_t>::max();

[[noreturn]] void refuse_value(const std::string& value, std::size_t index, const std::string& place) {
    refuse("value " + std::to_string(index) + " is " + value, place,
           "it takes integers of 32 bits: scale and round what you offer");
}

template <typename T>
std::vector<std::int32_t> words_of(const py::array& array, const std::string& place) {
    const auto wide = py::array_t<T, py::array::c_style | py::array::forcecast>::ensure(array);
    if (!wide) {
        PyErr_Clear();
        refuse("its values can't be read as numbers", place, "give an array of integers");
    }
    const std::span<const T> values(wide.data(), static_cast<std::size_t>(wide.size()));
    std::vector<std::int32_t> words(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const T value = values[i];
        if constexpr (std::is_floating_point_v<T>) {
            if (value != std::floor(value) || std::abs(value) > static_cast<T>(largest_word))
                refuse_value(std::to_string(value), i, place);
        } else if (!std::in_range<std::int32_t>(value)) {
            refuse_value(std::to_string(value), i, place);
        }
        words[i] = static_cast<std::int32_t>(value);
    }
    return words;
}

}  // namespace

std::int64_t integer(py::handle value, const std::string& place, std::int64_t min, std::int64_t max) {
    const py::object index = index_of(value, place);
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
    if (overflow != 0 || number < min || number > max)
        refuse("it is " + std::string(py::str(index)), place, range_text(min, max));
    return number;
}

std::uint64_t seed(py::handle value, const std::string& place) {
    const py::object index = index_of(value, place);
    const unsigned long long number = PyLong_AsUnsignedLongLong(index.ptr());
    if (PyErr_Occurred() == nullptr) return number;
    PyErr_Clear();
    refuse("it is " + std::string(py::str(index)), place, "it can be 0 to 2^64 - 1");
}

double number(py::handle value, const std::string& place, double min, double max) {
    const bool real =
        PyFloat_Check(value.ptr()) != 0 ||
        (PyNumber_Check(value.ptr()) != 0 && PyBool_Check(value.ptr()) == 0 && PyUnicode_Check(value.ptr()) == 0);
    if (!real) refuse_type(value, place, "a number");
    const double given = PyFloat_AsDouble(value.ptr());
    if (PyErr_Occurred() != nullptr) {
        PyErr_Clear();
        refuse_type(value, place, "a number");
    }
    if (!std::isfinite(given) || given < min || given > max)
        refuse("it is " + number_text(given), place, "it can be " + number_text(min) + " to " + number_text(max));
    return given;
}

bool flag(py::handle value, const std::string& place) {
    if (PyBool_Check(value.ptr()) == 0) refuse_type(value, place, "True or False");
    return value.ptr() == Py_True;
}

std::string text(py::handle value, const std::string& place) {
    if (PyUnicode_Check(value.ptr()) == 0) refuse_type(value, place, "a str");
    Py_ssize_t size = 0;
    const char* bytes = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
    if (bytes != nullptr) return {bytes, static_cast<std::size_t>(size)};
    PyErr_Clear();
    refuse("it has characters that UTF-8 has not (lone surrogates)", place, "leave them out");
}

std::string path(py::handle value, const std::string& place) {
    auto name = py::reinterpret_steal<py::object>(PyOS_FSPath(value.ptr()));
    if (!name) {
        PyErr_Clear();
        refuse_type(value, place, "a path");
    }
    std::string given;
    if (PyBytes_Check(name.ptr()) != 0) {
        given = std::string(PyBytes_AS_STRING(name.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(name.ptr())));
    } else {
        const auto bytes = py::reinterpret_steal<py::object>(PyUnicode_EncodeFSDefault(name.ptr()));
        if (!bytes) {
            PyErr_Clear();
            refuse("it has characters that no path has", place, "give another path");
        }
        given = std::string(PyBytes_AS_STRING(bytes.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr())));
    }
    if (given.empty() || given.find('\0') != std::string::npos)
        refuse(given.empty() ? "it is empty" : "it holds a NUL byte", place, "give the path of a file");
    return given;
}

std::size_t choice(py::handle value, const std::string& place, const std::vector<std::string>& names) {
    const std::string given = text(value, place);
    const auto found = std::ranges::find(names, given);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    const std::string nearest = nearest_name(given, names);
    refuse("it is \"" + given + "\"", place,
           nearest.empty() ? "it can be " + joined(names) : "did you mean \"" + nearest + "\"?");
}

std::vector<py::object> items(py::handle value, const std::string& place) {
    if (PyList_Check(value.ptr()) == 0 && PyTuple_Check(value.ptr()) == 0) refuse_type(value, place, "a list or tuple");
    std::vector<py::object> out;
    for (const py::handle item : value) out.push_back(py::reinterpret_borrow<py::object>(item));
    return out;
}

Integers::Integers(py::handle value, const std::string& place) : kept_(py::array::ensure(value)) {
    if (!kept_) {
        PyErr_Clear();
        refuse("it can't be read as an array", place, "give a NumPy array, or nested lists of equal length");
    }
    for (py::ssize_t axis = 0; axis < kept_.ndim(); ++axis) shape_.push_back(kept_.shape(axis));
    const char kind = kept_.dtype().kind();
    const auto size = static_cast<std::size_t>(kept_.size());
    if (size == 0) return;  // an empty list is an array of doubles
    const bool contiguous = (kept_.flags() & py::array::c_style) != 0;
    if (kind == 'i' && contiguous && py::isinstance<py::array_t<std::int32_t>>(kept_) &&
        reinterpret_cast<std::uintptr_t>(kept_.data()) % alignof(std::int32_t) == 0) {
        values_ = {static_cast<const std::int32_t*>(kept_.data()), size};
        return;
    }
    if (kind == 'i' || kind == 'b')
        converted_ = words_of<std::int64_t>(kept_, place);
    else if (kind == 'u')
        converted_ = words_of<std::uint64_t>(kept_, place);
    else if (kind == 'f')
        converted_ = words_of<double>(kept_, place);
    else
        refuse("an array of dtype " + std::string(py::str(kept_.dtype())), place, "give an array of integers");
    values_ = converted_;
}

std::string shape_text(std::span<const std::int64_t> shape) {
    std::string text = "(";
    for (const std::int64_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + (shape.size() == 1 ? ",)" : ")");
}

void Keywords::take(const char* name, const std::function<void(py::handle, const std::string&)>& read) {
    known_.emplace_back(name);
    if (!given_.contains(name)) return;
    const py::object value = given_[name];
    if (!value.is_none()) read(value, place_ + ", " + name);
}

void Keywords::integer(const char* name, int& value, int min, int max) {
    take(name, [&](py::handle given, const std::string& place) { value = small_integer(given, place, min, max); });
}

bool Keywords::has(const char* name) const {
    return given_.contains(name) && !given_[name].is_none();
}

void Keywords::refuse_ignored(std::initializer_list<const char*> names, const std::string& when) {
    for (const char* name : names) {
        known_.emplace_back(name);
        if (has(name)) refuse("it would be ignored " + when, place_ + ", " + name, "leave it out");
    }
}

void Keywords::finish() const {
    for (const auto& [key, value] : given_) {
        const std::string name = py::str(key);
        if (std::ranges::find(known_, name) != known_.end()) continue;
        const std::string nearest = nearest_name(name, known_);
        refuse("there is no argument \"" + name + "\"", place_,
               nearest.empty() ? "it takes " + joined(known_) : "did you mean \"" + nearest + "\"?");
    }
}

py::array_t<std::int32_t> array_of(std::span<const std::int32_t> values, const std::vector<std::int64_t>& shape) {
    py::array_t<std::int32_t> out(shape);
    std::ranges::copy(values, out.mutable_data());
    return out;
}

py::array view_of(std::span<const std::int32_t> values, const std::vector<std::int64_t>& shape, py::handle owner) {
    py::array out(py::dtype::of<std::int32_t>(), shape, {}, values.data(), owner);
    out.attr("flags").attr("writeable") = false;
    return out;
}

py::array_t<std::int32_t> array_from(std::vector<std::int32_t>&& values, const std::vector<std::int64_t>& shape) {
    auto owner = std::make_unique<std::vector<std::int32_t>>(std::move(values));
    const std::int32_t* data = owner->data();
    const py::capsule keeper(owner.get(), [](void* kept) { delete static_cast<std::vector<std::int32_t>*>(kept); });
    static_cast<void>(owner.release());  // NOLINT: the capsule has it now
    return py::array_t<std::int32_t>(shape, data, keeper);
}

}  // namespace tephra::python
