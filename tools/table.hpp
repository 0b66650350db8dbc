#pragma once
// A table of results, printed as aligned text, JSON (an array of objects) or CSV.
#include <optional>
#include <string>
#include <vector>

#include "core/json.hpp"

namespace tephra::tools {

/// Four significant figures as a number cell, so that tables align it; null where the value is not defined.
Json figure(const std::optional<double>& value);

class Table {
public:
    explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}
    /// One row; as many cells as columns. Numbers are aligned right in text. Null, a number that is not defined, is "-"
    /// in text and an empty field in CSV.
    void add(Json::Array row);
    /// format: "text", "json" or "csv".
    [[nodiscard]] std::string render(const std::string& format) const;

private:
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string csv() const;
    [[nodiscard]] std::string json() const;
    std::vector<std::string> columns_;
    std::vector<Json::Array> rows_;
};

}  // namespace tephra::tools
