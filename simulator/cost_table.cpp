#include "simulator/cost_table.hpp"

#include "core/data_files.hpp"
#include "core/file_kind.hpp"
#include "core/files.hpp"

namespace tephra {
namespace {

constexpr double max_price = 1e9;  // pJ or mW: a guard against slipped units

/// {value, low?, high?, kind, source}: the range is given as a pair or not at all.
Result<Price> parse_price(const Json& json, const std::string& place) {
    ObjectReader reader(json, place);
    Price price;
    price.value = price.low = price.high = reader.number("value", 0, max_price);
    const bool low = reader.has("low"), high = reader.has("high");
    if (low != high) reader.fault(low ? "high" : "low", "a range needs both ends", "give low and high, or neither");
    if (low && high) {
        price.low = reader.number("low", 0, max_price);
        price.high = reader.number("high", 0, max_price);
        if (price.low > price.value || price.high < price.value)
            reader.fault("value", "value lies outside of its range", "needed: low <= value <= high");
    }
    price.kind = read_evidence(reader, "kind", price_evidence);
    price.source = reader.string("source");
    if (price.source.empty())
        reader.fault("source", price.value == 0 ? "a zero price needs its reason" : "a price needs its source");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return price;
}

Result<void> parse_events(ObjectReader& table, CostTable& out) {
    ObjectReader events(table.value("events"), table.place("events"));
    for (std::size_t k = 0; k < event_kinds; ++k) {
        const std::string key = std::string(event_name(static_cast<EventKind>(k))) + "_pj";
        const bool present = events.has(key);
        const Json& entry = events.value(key);  // records the fault when it is missing
        if (!present) break;
        auto price = parse_price(entry, events.place(key));
        if (!price) return tl::unexpected(price.error());
        out.energy[k] = std::move(*price);
    }
    return events.finish();
}

Result<void> parse_power(ObjectReader& table, CostTable& out) {
    ObjectReader power(table.value("power"), table.place("power"));
    if (power.has("chip_static_mw")) {
        auto price = parse_price(power.value("chip_static_mw"), power.place("chip_static_mw"));
        if (!price) return tl::unexpected(price.error());
        out.chip_static = std::move(*price);
    } else {
        power.value("chip_static_mw");
    }
    const Json& host = power.value("host_mw");
    if (const Json* value = host.find("value"); value != nullptr && value->is_null()) {
        ObjectReader reader(host, power.place("host_mw"));
        reader.ignore("value");
        out.host.source = reader.string("source");
        if (out.host.source.empty()) reader.fault("source", "a host without a price needs its reason");
        if (auto done = reader.finish(); !done) return done;
    } else if (power.has("host_mw")) {
        auto price = parse_price(host, power.place("host_mw"));
        if (!price) return tl::unexpected(price.error());
        out.host = std::move(*price);
        out.host_included = true;
    }
    return power.finish();
}

}  // namespace

std::string_view evidence_name(Evidence kind) {
    switch (kind) {
        case Evidence::measured:
            return "measured";
        case Evidence::cited:
            return "cited";
        case Evidence::derived:
            return "derived";
        case Evidence::assumed:
            return "assumed";
        case Evidence::simulated:
            break;
    }
    return "simulated";
}

Evidence read_evidence(ObjectReader& reader, std::string_view key, std::span<const Evidence> allowed) {
    std::vector<std::string> names;
    for (const Evidence kind : allowed) names.emplace_back(evidence_name(kind));
    return allowed[reader.choice(key, names)];
}

Result<CostTable> parse_cost_table(std::string_view text, const std::string& place) {
    auto json = parse_json(text, place, FileKind::cost_table);
    if (!json) return tl::unexpected(json.error());
    ObjectReader reader(*json, place);
    CostTable table;
    table.name = reader.string("name");
    table.about = reader.string("about");
    table.power_includes = reader.string("power_includes");
    for (const Json& kind : reader.array("machine_kinds")) {
        if (kind.string() != nullptr)
            table.machine_kinds.push_back(*kind.string());
        else
            reader.fault("machine_kinds", "expected machine kinds as strings");
    }
    if (json->object() != nullptr) {  // faults of the top object itself are reported first, by finish()
        if (json->find("events") != nullptr)
            if (auto events = parse_events(reader, table); !events) return tl::unexpected(events.error());
        if (json->find("power") != nullptr)
            if (auto power = parse_power(reader, table); !power) return tl::unexpected(power.error());
    }
    reader.value("events");
    reader.value("power");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    table.hash = hash128(json->dump(-1));
    return table;
}

Result<CostTable> read_cost_table(const std::string& path) {
    auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return parse_cost_table(*text, path);
}

Result<CostTable> find_cost_table(const std::string& name_or_path) {
    auto path = find_data_file("machines/costs", "cost table", name_or_path);
    if (!path) return tl::unexpected(path.error());
    return read_cost_table(*path);
}

}  // namespace tephra
