#pragma once
// Layout of a language model's deployment file that its writer and its reader share.
#include <array>
#include <string>

#include "neuro/lm/tph.hpp"

namespace tephra::tph {

constexpr std::size_t index(TphSection section) {
    return static_cast<std::size_t>(section);
}

using Table = std::array<TphSpan, tph_sections>;
using Sections = std::array<std::span<const std::byte>, tph_sections>;

/// Kind and section names of the file.
const Frame& model_frame();

/// A graph whose views point into the sections; blocks, shapes and sizes are checked, values too.
Result<LayerGraph> read_graph(const Sections& sections, const Table& table, const std::string& place,
                              const Passed& passed = {});

/// The section that holds the configuration.
std::string encode_config(const TphHead& head);

/// Bytes that a tensor section must have.
std::uint64_t expected_bytes(TphSection section, LayerGraph& graph);

}  // namespace tephra::tph
