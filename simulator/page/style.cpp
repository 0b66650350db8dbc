#include "simulator/page/style.hpp"

#include "core/markup.hpp"

namespace tephra {
namespace {

// Colours: Okabe-Ito's set for colour-blind readers, softened; one hue for heat.
constexpr std::string_view style = R"(
:root { color-scheme: light dark; --page: #f5f6f8; --card: #ffffff; --ink: #1b2430; --soft: #5d6878; --line: #e3e7ec;
  --blue: #2f74c0; --green: #1f9d78; --amber: #e0992b; --red: #d2603a; --gray: #9aa5b4; --violet: #8a63c4;
  --heat: #d1480f; --empty: #eef0f3; --inside: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --page: #12161c; --card: #1b212a; --ink: #e8ecf1; --soft: #97a3b3; --line: #2d3541;
    --blue: #5b9be0; --green: #3dbb94; --amber: #e8b04c; --red: #e5815e; --gray: #68758a; --violet: #aa8ae0;
    --heat: #ff8a4c; --empty: #242b36; --inside: #10141a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 36px 24px 48px; }
h1 { font-size: 27px; line-height: 1.2; letter-spacing: -.01em; margin: 0 0 6px; font-weight: 680; }
h2 { font-size: 17px; margin: 0; font-weight: 650; }
p { margin: 0; }
.lead { color: var(--soft); max-width: 80ch; }
.note { color: var(--soft); font-size: 13px; margin: 12px 0 8px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 22px 18px;
  margin-top: 18px; }
.card > .explain { color: var(--soft); font-size: 13.5px; margin: 2px 0 14px; max-width: 90ch; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 20px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 12px 12px; }
.tile .what { color: var(--soft); font-size: 13px; }
.tile .figure { font-size: 22px; font-weight: 680; letter-spacing: -.02em; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
.tile .figure small { font-size: 13px; white-space: nowrap; font-weight: 500; color: var(--soft); letter-spacing: 0; }
.tile .range { color: var(--soft); font-size: 12.5px; min-height: 19px; }
.kind { display: inline-block; font-size: 11px; line-height: 1.5; padding: 0 7px; border-radius: 9px;
  border: 1px solid var(--line); color: var(--soft); }
.chart { display: block; width: 100%; height: auto; overflow: visible; font-size: 14px; }
.chart.narrow { display: none; max-width: 520px; }
.chart text { fill: var(--ink); font-variant-numeric: tabular-nums; }
.chart .tick, .chart .head, .chart .value, .chart .bar-label { fill: var(--soft); }
.chart .middle { text-anchor: middle; } .chart .end { text-anchor: end; }
.chart .strong { font-weight: 650; } .chart .inside { fill: var(--inside); font-weight: 600; }
.grid { stroke: var(--line); stroke-width: 1; } .whisker { stroke: var(--ink); stroke-width: 1.3; opacity: .65; }
rect { rx: 2px; }
.c-synapse, .c-run, .c-made { fill: var(--blue); background: var(--blue); }
.c-neuron { fill: var(--green); background: var(--green); }
.c-network, .c-gpu { fill: var(--amber); background: var(--amber); }
.c-chip-links, .c-sending { fill: var(--red); background: var(--red); }
.c-steps { fill: var(--heat); background: var(--heat); }
.c-system { fill: var(--gray); background: var(--gray); opacity: .55; }
.c-static, .c-barrier, .c-prompt { fill: var(--gray); background: var(--gray); }
.c-management { fill: var(--gray); background: var(--gray); opacity: .6; }
.c-host, .c-published { fill: var(--violet); background: var(--violet); }
.c-derived { fill: var(--green); background: var(--green); opacity: .6; }
.spikes { fill: var(--heat); background: var(--heat); } rect.spikes { rx: 0; } .unused-swatch { background: var(--empty); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 6px 22px; padding: 0; margin: 12px 0 0;
  font-size: 13.5px; }
.legend b { font-weight: 600; margin-right: 7px; } .legend span { color: var(--soft); margin-right: 7px; }
.legend em { color: var(--soft); font-style: normal; }
.swatch { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px; }
.heat input { position: absolute; opacity: 0; }
.heat label { display: inline-block; padding: 4px 13px; border: 1px solid var(--line); font-size: 13px; cursor: pointer;
  color: var(--soft); margin-bottom: 14px; }
.heat label:first-of-type { border-radius: 8px 0 0 8px; } .heat label:last-of-type { border-radius: 0 8px 8px 0;
  border-left: 0; }
.heat input:checked + label { background: var(--ink); color: var(--card); border-color: var(--ink); }
.heat input:focus-visible + label { outline: 2px solid var(--blue); outline-offset: 2px; }
.scale { display: inline-flex; align-items: center; gap: 8px; margin-left: 18px; font-size: 12.5px; color: var(--soft); }
.ramp { width: 120px; height: 10px; border-radius: 3px; background: linear-gradient(to right, var(--empty), var(--heat)); }
.map { display: grid; gap: 14px; } .map figure { margin: 0; } .map svg { display: block; width: 100%; height: auto; }
.map.few { grid-template-columns: repeat(auto-fill, minmax(max(140px, 21%), 1fr)); }
.map.many { grid-template-columns: repeat(auto-fill, minmax(max(100px, 10.5%), 1fr)); }
.map figcaption { color: var(--soft); font-size: 12px; margin-bottom: 2px; }
.map rect { rx: 1px; } .map .chip { fill: none; stroke: var(--line); rx: 3px; } .unused { fill: var(--empty); }
.map .cell { fill: var(--heat); fill-opacity: var(--t); }
.map .dead { fill: none; stroke: var(--ink); stroke-width: 1.2; } .map .dead.link { stroke-width: 2; }
.map .slow { fill: none; stroke: var(--red); stroke-width: 1.4; }
#heat-energy:checked ~ .map .cell { fill-opacity: var(--e); }
.by-energy { display: none; } #heat-energy:checked ~ .by-energy { display: inline-flex; }
#heat-energy:checked ~ .by-time { display: none; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th { text-align: left; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--line);
  padding: 5px 14px 5px 0; white-space: nowrap; }
td { border-bottom: 1px solid var(--line); padding: 5px 14px 5px 0; vertical-align: top; }
tr:last-child td { border-bottom: 0; }
th.number, .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.source { color: var(--soft); min-width: 260px; overflow-wrap: break-word; } .device { min-width: 200px; }
tr.figures td { border-bottom: 0; padding-bottom: 0; }
div.source { color: var(--soft); position: sticky; left: 0; max-width: min(880px, calc(100vw - 76px)); }
blockquote { margin: 0; padding: 2px 0 2px 16px; border-left: 3px solid var(--blue); white-space: pre-wrap;
  max-width: 80ch; }
ul.notes { margin: 0; padding-left: 20px; color: var(--soft); font-size: 13.5px; }
footer { color: var(--soft); font-size: 12px; margin-top: 22px; overflow-wrap: anywhere; }
details summary { cursor: pointer; color: var(--soft); font-size: 13.5px; margin-top: 12px; }
@media (max-width: 899px) {
  main { padding: 18px 12px 32px; } .card { padding: 14px 14px 12px; } h1 { font-size: 22px; }
  .chart.wide { display: none; } .chart.narrow { display: block; }
  .scale { margin-left: 0; } }
@media print { body { background: none; } .card, .tile { break-inside: avoid; } }
)";

}  // namespace

std::string html_page(const std::string& title, const std::string& body) {
    std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n";
    page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n";
    page += "<title>" + escape_markup(title) + "</title>\n<style>";
    page += style;
    page += "</style>\n</head>\n<body>\n<main>\n" + body + "</main>\n</body>\n</html>\n";
    return page;
}

std::string page_card(const std::string& heading, const std::string& explanation, const std::string& content) {
    Markup card;
    card.open("section", {{"class", "card"}}).element("h2", heading);
    card.element("p", explanation, {{"class", "explain"}}).raw(content);
    return card.take();
}

}  // namespace tephra
