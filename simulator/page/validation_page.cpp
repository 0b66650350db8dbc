#include "simulator/page/validation_page.hpp"

#include <algorithm>

#include "core/markup.hpp"
#include "simulator/page/style.hpp"

namespace tephra {
namespace {

/// The figures of one row below each other.
std::string row_card(std::vector<ValidationLine>::const_iterator begin, std::vector<ValidationLine>::const_iterator end,
                     const std::string& heading) {
    Markup table;
    table.open("div", {{"class", "scroll"}}).open("table").open("thead").open("tr");
    for (const char* head : {"quantity", "measured", "kind", "predicted", "error", "use", "note"})
        table.element("th", head);
    table.close().close().open("tbody");
    for (auto line = begin; line != end; ++line) {
        table.open("tr").element("td", line->figure->quantity).element("td", measured_text(*line->figure));
        table.element("td", std::string(evidence_name(line->figure->kind)));
        table.element("td", predicted_text(line->predicted));
        table.element("td", error_text(*line), {{"class", "number"}}).element("td", judgement_text(*line));
        table.element("td", line->figure->note, {{"class", "source"}}).close();
    }
    const LedgerRow& row = *begin->row;
    std::string about = row.network + "; " + row.device + ". Source: " + row.source + ".";
    if (!row.synthetic.empty()) about += " Made up for the repetition: " + row.synthetic + ".";
    return page_card(heading + row.id, about, table.take());
}

}  // namespace

std::string validation_cards(const std::vector<ValidationLine>& lines, const std::string& heading) {
    std::string cards;
    for (auto begin = lines.begin(); begin != lines.end();) {
        const auto end =
            std::find_if(begin, lines.end(), [&](const ValidationLine& line) { return line.row != begin->row; });
        cards += row_card(begin, end, heading);
        begin = end;
    }
    return cards;
}

std::string validation_page(const std::vector<ValidationLine>& lines) {
    Markup head;
    head.open("header").element("h1", "Measured and predicted");
    head.element("p", validation_legend(), {{"class", "lead"}}).close();
    return html_page("tephra validation", head.take() + validation_cards(lines, ""));
}

}  // namespace tephra
