#include "tools/table.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>

#include "core/text.hpp"
#include "simulator/report_rows.hpp"

namespace tephra::tools {
namespace {

constexpr double most_exact = 9007199254740992;  // 2^53: doubles hold every integer up to here

std::string cell_text(const Json& cell) {
    if (cell.is_null()) return "";
    return cell.string() != nullptr ? *cell.string() : cell.dump(-1);
}

/// Cells of text tables: integers in groups of three digits (1 234 567), other numbers to five significant digits at
/// most.
std::string cell_for_people(const Json& cell) {
    if (cell.is_null()) return "-";
    if (const double* real = cell.real()) {
        const std::string exact = number_text(*real);
        const std::string rounded = figure_text(*real, 5);
        return exact.size() <= rounded.size() ? exact : rounded;
    }
    if (cell.string() != nullptr) return printable(*cell.string());
    return cell.integer() != nullptr ? grouped(*cell.integer()) : cell_text(cell);
}

std::string quoted(const std::string& text) {
    if (text.find_first_of(",\"\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

}  // namespace

Json figure(const std::optional<double>& value) {
    if (!value) return {};
    if (std::fabs(*value) >= 1e4 && std::fabs(*value) < most_exact)
        return static_cast<std::int64_t>(std::llround(*value));
    return std::strtod(figure_text(*value).c_str(), nullptr);
}

void Table::add(Json::Array row) {
    assert(row.size() == columns_.size());
    rows_.push_back(std::move(row));
}

std::string Table::render(const std::string& format) const {
    if (format == "json") return json();
    return format == "csv" ? csv() : text();
}

std::string Table::text() const {
    std::vector<std::size_t> widths;
    for (const auto& name : columns_) widths.push_back(name.size());
    for (const auto& row : rows_)
        for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], cell_for_people(row[c]).size());
    std::string out;
    const auto append = [&](std::size_t c, const std::string& cell, bool right) {
        const std::string pad(widths[c] - cell.size(), ' ');
        out += c > 0 ? "  " : "";
        out += right ? pad + cell : cell + pad;
    };
    const auto is_number = [&](std::size_t c) { return !rows_.empty() && rows_[0][c].string() == nullptr; };
    const auto end_line = [&] {
        out.erase(out.find_last_not_of(' ') + 1);
        out += '\n';
    };
    for (std::size_t c = 0; c < columns_.size(); ++c) append(c, columns_[c], is_number(c));
    end_line();
    for (std::size_t c = 0; c < columns_.size(); ++c) append(c, std::string(widths[c], '-'), false);
    end_line();
    for (const auto& row : rows_) {
        for (std::size_t c = 0; c < row.size(); ++c) append(c, cell_for_people(row[c]), row[c].string() == nullptr);
        end_line();
    }
    return out;
}

std::string Table::csv() const {
    std::string out;
    for (std::size_t c = 0; c < columns_.size(); ++c) out.append(c > 0 ? "," : "").append(quoted(columns_[c]));
    out += '\n';
    for (const auto& row : rows_) {
        for (std::size_t c = 0; c < row.size(); ++c) out.append(c > 0 ? "," : "").append(quoted(cell_text(row[c])));
        out += '\n';
    }
    return out;
}

std::string Table::json() const {
    Json::Array array;
    for (const auto& row : rows_) {
        Json::Object object;
        for (std::size_t c = 0; c < row.size(); ++c) object.emplace_back(columns_[c], row[c]);
        array.emplace_back(std::move(object));
    }
    return Json(std::move(array)).dump() + "\n";
}

}  // namespace tephra::tools
