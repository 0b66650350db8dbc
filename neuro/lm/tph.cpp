#include "neuro/lm/tph.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "core/bytes.hpp"
#include "neuro/lm/quantized_codec.hpp"
#include "neuro/lm/tensors.hpp"
#include "neuro/lm/tph_layout.hpp"

namespace tephra {
namespace {

constexpr std::array<std::string_view, tph_sections> names = {"config",  "name",  "origin", "spmodel", "embed",
                                                              "weights", "norms", "bounds", "scales",  "integers"};

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<TphHead> decode_config(std::span<const std::byte> bytes, const std::string& place) {
    ByteReader in(bytes);
    TphHead head;
    ModelConfig& config = head.config;
    for (int* field : {&config.vocab_size, &config.hidden_size, &config.num_layers, &config.intermediate_size,
                       &config.bos_token_id, &config.eos_token_id})
        *field = in.get<std::int32_t>();
    const auto flags = in.get<std::uint32_t>();
    const auto type = in.get<std::uint32_t>();
    config.use_lower_bound = (flags & 1) != 0;
    config.tied_embeddings = (flags & 2) != 0;
    config.rms_norm_eps = in.get<double>();
    if (!in.ok() || in.position() != bytes.size() || flags > 3 || type > 2)
        return bad_input("wrong configuration section", place, "write the file again");
    head.embedding_type = static_cast<FloatType>(type);
    if (auto good = check_config(config, place); !good) return tl::unexpected(good.error());
    return head;
}

/// A code 3 stands for no weight; columns past the last must hold zero weights.
Result<void> check_codes(const WeightTensor& tensor, const std::string& place) {
    const auto wrong = [&](int row) {
        return bad_input("\"" + tensor.name + "\" holds a code that is no ternary weight in row " + std::to_string(row),
                         place, "write the file again");
    };
    std::array<std::uint8_t, ternary_chunk_bytes> padding{};  // mask of the codes past the last column
    for (int c = tensor.cols % ternary_chunk_columns; c != 0 && c < ternary_chunk_columns; ++c)
        padding[static_cast<std::size_t>(c % ternary_chunk_bytes)] |=
            static_cast<std::uint8_t>(3U << (c / ternary_chunk_bytes * 2));
    for (int r = 0; r < tensor.rows; ++r) {
        const auto row = tensor.view->row(r);
        unsigned bad = 0;
        for (const std::uint8_t codes : row) bad |= codes & (codes >> 1U) & 0x55U;
        const auto last = row.last(ternary_chunk_bytes);
        for (std::size_t b = 0; b < padding.size(); ++b) bad |= (last[b] ^ 0x55U) & padding[b];
        if (bad != 0) return wrong(r);
    }
    return {};
}

Result<void> check_finite(FloatType type, std::span<const std::byte> data, const std::string& what,
                          const std::string& place) {
    if (const auto index = first_not_finite(type, data))
        return bad_input(what + " holds infinity or NaN at element " + std::to_string(*index), place,
                         "write the file again");
    return {};
}

}  // namespace

std::string_view section_name(TphSection section) {
    return names[tph::index(section)];
}

const tph::Frame& tph::model_frame() {
    static constexpr Frame frame{TphKind::language_model, names};
    return frame;
}

std::uint64_t tph::expected_bytes(TphSection section, LayerGraph& graph) {
    const auto v = static_cast<std::uint64_t>(graph.config.vocab_size);
    const auto d = static_cast<std::uint64_t>(graph.config.hidden_size);
    std::uint64_t bytes = 0;
    switch (section) {
        case TphSection::embeddings:
            return v * d * element_bytes(graph.embeddings.type);
        case TphSection::weights:
            for (const WeightTensor& tensor : weight_tensors(graph))
                bytes += static_cast<std::uint64_t>(tensor.rows * ternary_row_bytes(tensor.cols));
            return bytes;
        case TphSection::norms:
            for (const NormTensor& tensor : norm_tensors(graph)) bytes += 4 * static_cast<std::uint64_t>(tensor.size);
            return bytes;
        case TphSection::bounds:
            return graph.config.use_lower_bound ? 4 * d * graph.blocks.size() : 0;
        case TphSection::scales:
            return 8 * weight_tensors(graph).size();
        default:
            return 0;
    }
}

Result<LayerGraph> tph::read_graph(const Sections& sections, const Table& table, const std::string& place,
                                   const Passed& passed) {
    const auto where = [&](TphSection section) { return at_byte(place, table[index(section)].offset); };
    auto head = decode_config(sections[index(TphSection::config)], where(TphSection::config));
    if (!head) return tl::unexpected(head.error());
    LayerGraph graph;
    graph.config = head->config;
    graph.name = text_of(sections[index(TphSection::name)]);
    if (auto good = check_name(graph.name, where(TphSection::name)); !good) return tl::unexpected(good.error());
    graph.blocks.resize(static_cast<std::size_t>(graph.config.num_layers));
    graph.embeddings = {head->embedding_type, graph.config.vocab_size, graph.config.hidden_size,
                        sections[index(TphSection::embeddings)]};
    for (const auto section :
         {TphSection::embeddings, TphSection::weights, TphSection::norms, TphSection::bounds, TphSection::scales})
        if (sections[index(section)].size() != expected_bytes(section, graph))
            return bad_input("section \"" + std::string(section_name(section)) +
                                 "\" has a length that does not follow from the configuration",
                             where(section), "write the file again");
    const auto floats = [&](TphSection section) {
        const auto bytes = sections[index(section)];
        return std::span(reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float));
    };
    auto norms = floats(TphSection::norms);
    for (const NormTensor& tensor : norm_tensors(graph)) {
        *tensor.view = norms.first(static_cast<std::size_t>(tensor.size));
        norms = norms.subspan(static_cast<std::size_t>(tensor.size));
    }
    graph.lower_bounds = floats(TphSection::bounds);
    for (const auto section : {TphSection::embeddings, TphSection::norms, TphSection::bounds}) {
        const FloatType type = section == TphSection::embeddings ? graph.embeddings.type : FloatType::f32;
        auto finite = check_finite(type, sections[index(section)], "\"" + std::string(section_name(section)) + "\"",
                                   where(section));
        if (!finite) return tl::unexpected(finite.error());
        if (passed) passed(sections[index(section)]);
    }
    ByteReader scales(sections[index(TphSection::scales)]);
    const auto weights = sections[index(TphSection::weights)];
    std::span codes(reinterpret_cast<const std::uint8_t*>(weights.data()), weights.size());
    for (const WeightTensor& tensor : weight_tensors(graph)) {
        const auto size = static_cast<std::size_t>(tensor.rows * ternary_row_bytes(tensor.cols));
        *tensor.view = {tensor.rows, tensor.cols, codes.first(size), scales.get<double>()};
        codes = codes.subspan(size);
        if (!(std::isfinite(tensor.view->scale) && tensor.view->scale > 0))
            return bad_input("the scale of \"" + tensor.name + "\" is not positive", where(TphSection::scales));
        if (auto good = check_codes(tensor, where(TphSection::weights)); !good) return tl::unexpected(good.error());
        if (passed) passed(std::as_bytes(tensor.view->codes));
    }
    return graph;
}

namespace {

/// Lets pages of a mapped file leave memory; they are loaded again when touched. A model is checked as a whole, but a
/// process may need little of it.
void release_pages(std::span<const std::byte> bytes) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* begin = const_cast<std::byte*>(bytes.data());  // nothing is written
    std::size_t size = bytes.size();
    if (std::align(page, page, begin, size) != nullptr) ::madvise(begin, size / page * page, MADV_DONTNEED);
}

Result<std::shared_ptr<const Deployment>> parse(std::span<const std::byte> bytes, const std::string& place,
                                                std::shared_ptr<const void> storage, HashCheck check,
                                                const tph::Passed& passed) {
    tph::Table table;
    if (auto read = tph::read_table(bytes, place, tph::model_frame(), check, table); !read)
        return tl::unexpected(read.error());
    if (check == HashCheck::verify)
        if (auto verified = tph::verify_sections(bytes, tph::model_frame(), table, place, passed); !verified)
            return tl::unexpected(verified.error());
    tph::Sections sections;
    for (std::size_t k = 0; k < tph_sections; ++k) sections[k] = bytes.subspan(table[k].offset, table[k].size);
    auto graph = tph::read_graph(sections, table, place, passed);
    if (!graph) return tl::unexpected(graph.error());
    const auto integers = tph::index(TphSection::integers), origin = tph::index(TphSection::origin);
    if (auto good = tph::check_origin(text_of(sections[origin]), tph::at_byte(place, table[origin].offset)); !good)
        return tl::unexpected(good.error());
    auto quantized = decode_quantized(sections[integers], graph->config, tph::at_byte(place, table[integers].offset));
    if (!quantized) return tl::unexpected(quantized.error());
    auto model = std::make_shared<Deployment>();
    model->graph = std::move(*graph);
    model->graph.storage = std::move(storage);
    model->quantized = std::move(*quantized);
    model->tokenizer = text_of(sections[tph::index(TphSection::tokenizer)]);
    model->origin = text_of(sections[origin]);
    model->hash = tph::header_hash(bytes, tph::model_frame());
    return model;
}

}  // namespace

Result<std::shared_ptr<const Deployment>> parse_tph(std::span<const std::byte> bytes, const std::string& place,
                                                    std::shared_ptr<const void> storage, HashCheck check) {
    return parse(bytes, place, std::move(storage), check, {});
}

Result<std::shared_ptr<const Deployment>> load_model(const std::string& path) {
    std::error_code unknown;
    if (std::filesystem::is_directory(path, unknown))
        return bad_input("a directory, a deployment file is needed", path,
                         "tephra import makes one of a checkpoint's directory");
    auto mapped = MappedFile::open(path);
    if (!mapped) return tl::unexpected(mapped.error());
    const auto file = std::make_shared<const MappedFile>(std::move(*mapped));
    return parse(file->bytes(), path, file, HashCheck::verify, release_pages);
}

Result<std::array<TphSpan, tph_sections>> read_tph_table(const std::string& path) {
    auto mapped = MappedFile::open(path);
    if (!mapped) return tl::unexpected(mapped.error());
    tph::Table table;
    if (auto read = tph::read_table(mapped->bytes(), path, tph::model_frame(), HashCheck::verify, table); !read)
        return tl::unexpected(read.error());
    return table;
}

}  // namespace tephra
