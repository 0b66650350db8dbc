#include "core/json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/files.hpp"
#include "core/text.hpp"

namespace tephra {
namespace {

constexpr std::size_t max_depth = 64;

/// Builds a Json from the events of the nlohmann parser; refuses what the parser would lose: keys that stand twice,
/// digits beyond 64 bits, and nesting that a later reader could not follow.
class Builder : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit Builder(std::string place) : place_(std::move(place)) {}

    bool null() override { return put(Json()); }
    bool boolean(bool v) override { return put(Json(v)); }
    bool number_integer(number_integer_t v) override { return put(Json(v)); }
    bool number_unsigned(number_unsigned_t v) override {
        if (!std::in_range<std::int64_t>(v)) return refuse_integer(std::to_string(v));
        return put(Json(static_cast<std::int64_t>(v)));
    }
    bool number_float(number_float_t v, const string_t& text) override {
        // The parser gives an integer of more than 64 bits as a double.
        if (text.find_first_of(".eE") == string_t::npos) return refuse_integer(text);
        return put(Json(v));
    }
    bool string(string_t& v) override { return put(Json(std::move(v))); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(Json(Json::Object{})); }
    bool start_array(std::size_t) override { return open(Json(Json::Array{})); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& k) override {
        if (!frames_.back().keys.insert(k).second) {
            frames_.back().key = k;
            return refuse("key \"" + k + "\" appears twice in one object", "keep one of them");
        }
        frames_.back().key = std::move(k);
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& e) override {
        std::string what = e.what();
        if (const auto bracket = what.find("] "); bracket != std::string::npos) what.erase(0, bracket + 2);
        error_ =
            Error{ErrorCode::bad_input, "not valid JSON: " + what, place_ + " byte " + std::to_string(position), ""};
        return false;
    }

    Json root_;
    Error error_{ErrorCode::bad_input, "not valid JSON", "", ""};

private:
    struct Frame {
        std::variant<Json::Object, Json::Array> container;
        std::string key;
        std::set<std::string> keys;
    };
    bool open(const Json& container) {
        if (frames_.size() >= max_depth)
            return refuse("JSON is nested deeper than " + std::to_string(max_depth) + " levels", "");
        frames_.emplace_back();
        if (container.array() != nullptr) frames_.back().container = Json::Array{};
        return true;
    }
    bool refuse(std::string message, std::string hint) {
        error_ = Error{ErrorCode::bad_input, std::move(message), place_ + "#" + pointer(), std::move(hint)};
        return false;
    }
    bool refuse_integer(const std::string& digits) {
        return refuse("the integer " + digits + " does not fit 64 bits with a sign",
                      "write it with a point or an exponent if it may be rounded");
    }
    /// JSON pointer to the value that comes next.
    [[nodiscard]] std::string pointer() const {
        std::string text;
        for (const Frame& frame : frames_) {
            const auto* array = std::get_if<Json::Array>(&frame.container);
            text += "/" + (array != nullptr ? std::to_string(array->size()) : pointer_part(frame.key));
        }
        return text;
    }
    bool close() {
        Json value = std::visit([](auto& c) { return Json(std::move(c)); }, frames_.back().container);
        frames_.pop_back();
        return put(std::move(value));
    }
    bool put(Json value) {
        if (frames_.empty()) {
            root_ = std::move(value);
        } else if (auto* array = std::get_if<Json::Array>(&frames_.back().container)) {
            array->push_back(std::move(value));
        } else {
            auto& object = std::get<Json::Object>(frames_.back().container);
            object.emplace_back(std::move(frames_.back().key), std::move(value));
        }
        return true;
    }
    std::string place_;
    std::vector<Frame> frames_;
};

void write_string(std::string& out, const std::string& text) {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void newline(std::string& out, int indent, int depth) {
    if (indent < 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(depth), ' ');
}

/// Shortest text that reads back as the same double. "-0" would read back as the integer 0, and the digits of a large
/// double as an integer that does not fit: a point makes both real.
std::string real_text(double value) {
    const std::string text = number_text(value);
    const bool integer = text.find_first_of(".e") == std::string::npos;
    const bool needs_point = (value == 0 && std::signbit(value)) || std::fabs(value) >= 0x1p63;
    return integer && needs_point ? text + ".0" : text;
}

void write(std::string& out, const Json& value, int indent, int depth) {
    if (value.is_null()) {
        out += "null";
    } else if (const bool* b = value.boolean()) {
        out += *b ? "true" : "false";
    } else if (const auto* i = value.integer()) {
        out += std::to_string(*i);
    } else if (const double* d = value.real()) {
        out += std::isfinite(*d) ? real_text(*d) : "null";
    } else if (const auto* s = value.string()) {
        write_string(out, *s);
    } else if (const auto* array = value.array()) {
        out += '[';
        for (std::size_t k = 0; k < array->size(); ++k) {
            if (k > 0) out += indent < 0 ? "," : ", ";
            const bool nested = (*array)[k].object() != nullptr || (*array)[k].array() != nullptr;
            if (nested) newline(out, indent, depth + 1);
            write(out, (*array)[k], indent, depth + 1);
            if (nested && k + 1 == array->size()) newline(out, indent, depth);
        }
        out += ']';
    } else {
        const auto& object = *value.object();
        out += '{';
        for (std::size_t k = 0; k < object.size(); ++k) {
            if (k > 0) out += ',';
            newline(out, indent, depth + 1);
            write_string(out, object[k].first);
            out += indent < 0 ? ":" : ": ";
            write(out, object[k].second, indent, depth + 1);
        }
        if (!object.empty()) newline(out, indent, depth);
        out += '}';
    }
}

}  // namespace

const Json* Json::find(std::string_view key) const& {
    if (const auto* members = object())
        for (const auto& [name, value] : *members)
            if (name == key) return &value;
    return nullptr;
}

std::string_view Json::type_name() const {
    constexpr std::string_view names[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
    return names[value_.index()];
}

std::string Json::dump(int indent) const {
    std::string out;
    write(out, *this, indent, 0);
    return out;
}

std::string pointer_part(std::string_view key) {
    std::string out;
    for (const char c : key) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

Result<Json> parse_json(std::string_view text, const std::string& place) {
    // The parser takes a NUL byte for the end of the text and would not see what stands behind it.
    if (const auto nul = text.find('\0'); nul != std::string_view::npos)
        return bad_input("not valid JSON: a NUL byte", place + " byte " + std::to_string(nul), "the file is damaged");
    Builder builder(place);
    if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return tl::unexpected(builder.error_);
    return std::move(builder.root_);
}

Result<Json> read_json_file(const std::string& path) {
    auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return parse_json(*text, path);
}

}  // namespace tephra
