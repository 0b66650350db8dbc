#include "simulator/fault_rows.hpp"

#include <map>
#include <utility>

namespace tephra {
namespace {

double micros(Picoseconds time) {
    return 1e6 * seconds(time);
}

}  // namespace

std::vector<LinkFaultRecord> faults_by_link(const FaultRecords& faults) {
    std::map<std::pair<int, int>, LinkFaultRecord> links;
    for (const LinkFaultRecord& fault : faults.links) {
        LinkFaultRecord& link = links[{fault.from, fault.to}];
        link.from = fault.from;
        link.to = fault.to;
        link.retries += fault.retries;
        link.added += fault.added;
        link.lost += fault.lost;
    }
    std::vector<LinkFaultRecord> out;
    out.reserve(links.size());
    for (const auto& [ends, link] : links) out.push_back(link);
    return out;
}

std::vector<ReportRow> fault_sums(const Run& run) {
    if (!run.faults) return {};
    std::int64_t retries = 0, lost = 0, missed = 0, waited = 0;
    Picoseconds added;
    for (const LinkFaultRecord& link : run.faults->links) {
        retries += link.retries;
        lost += link.lost;
        added += link.added;
    }
    for (const MissedRecord& slice : run.faults->missed) {
        missed += slice.messages;
        waited += slice.waited ? 1 : 0;
    }
    std::vector<ReportRow> rows;
    const auto add = [&](const char* name, auto value, const char* unit) {
        rows.push_back(simulated_row("faults", name, static_cast<double>(value), unit));
    };
    add("packets sent again by links", retries, "times");
    add("time that this took the links", micros(added), "us");
    add("packets lost", lost, "packets");
    add("messages that slices missed", missed, "messages");
    if (run.sync == SyncMode::dataflow) {
        add("slices that waited for what was lost", waited, "times");
        add("time-out", micros(run.faults->stall), "us");
    }
    return rows;
}

std::vector<ReportRow> fault_report_rows(const Run& run) {
    std::vector<ReportRow> rows = fault_sums(run);
    if (!run.faults) return rows;
    for (const LinkFaultRecord& link : faults_by_link(*run.faults)) {
        const std::string name = "chip " + std::to_string(link.from) + " to " + std::to_string(link.to) + ", ";
        const auto add = [&](const char* what, auto value, const char* unit) {
            if (value != 0)
                rows.push_back(simulated_row("faults by link", name + what, static_cast<double>(value), unit));
        };
        add("packets sent again", link.retries, "times");
        add("time of that", micros(link.added), "us");
        add("packets lost", link.lost, "packets");
    }
    return rows;
}

}  // namespace tephra
