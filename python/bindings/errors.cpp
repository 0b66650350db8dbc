#include "python/bindings/errors.hpp"

#include <array>
#include <new>

#include "core/text.hpp"
#include "neuro/team.hpp"

namespace tephra::python {
namespace {

// Names of ErrorCode from its first value, 1, on.
constexpr std::array<const char*, 6> codes = {"comparison_failed", "usage",  "bad_input",
                                              "does_not_fit",      "device", "internal"};

PyObject* error_type = nullptr;  // lives as long as the interpreter

py::object exception_of(const Error& error) {
    py::object made = py::reinterpret_borrow<py::object>(error_type)(printable(to_string(error)));
    made.attr("code") = codes[static_cast<std::size_t>(error.code) - 1];
    made.attr("message") = printable(error.message);
    made.attr("place") = printable(error.place);
    made.attr("hint") = printable(error.hint);
    return made;
}

void raise(const Error& error) {
    try {
        PyErr_SetObject(error_type, exception_of(error).ptr());
    } catch (py::error_already_set& other) {  // no memory for the exception, say
        other.restore();
    }
}

void translate(std::exception_ptr thrown) {  // NOLINT: pybind11 calls it so
    try {
        if (thrown) std::rethrow_exception(thrown);
    } catch (const Failure& failure) {
        raise(failure.error());
    } catch (const ThreadsRefused& refused) {
        raise(refused.error());
    } catch (const py::builtin_exception&) {
        throw;  // pybind11 knows these
    } catch (const std::bad_alloc&) {
        throw;  // becomes MemoryError
    } catch (const std::length_error&) {
        throw std::bad_alloc();
    }
}

}  // namespace

void bind_errors(py::module_& m) {
    const py::dict members;
    members["__doc__"] =
        "What input can cause: code (\"usage\", \"bad_input\", \"does_not_fit\", \"device\", \"comparison_failed\" or "
        "\"internal\"), message (what is wrong), place (where) and hint (how to mend it).";
    for (const char* name : {"code", "message", "place", "hint"}) members[name] = "";
    error_type = PyErr_NewException("tephra.Error", PyExc_Exception, members.ptr());
    if (error_type == nullptr) throw py::error_already_set();
    m.attr("Error") = py::reinterpret_borrow<py::object>(error_type);
    py::register_exception_translator(&translate);
    m.def(
        "refusal",
        [](std::string message, std::string place, std::string hint) {
            return exception_of({ErrorCode::bad_input, std::move(message), std::move(place), std::move(hint)});
        },
        "The exception of an argument that the package's Python modules refuse.");
}

}  // namespace tephra::python
