#include "neuro/tph.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/bytes.hpp"
#include "core/file_kind.hpp"
#include "core/json.hpp"
#include "core/text.hpp"
#include "neuro/quantized_codec.hpp"
#include "neuro/tensors.hpp"
#include "neuro/tph_layout.hpp"

namespace tephra {
namespace {

constexpr std::array<std::string_view, tph_sections> names = {"config",  "name",  "origin", "spmodel", "embed",
                                                              "weights", "norms", "bounds", "scales",  "integers"};

std::string at_byte(const std::string& place, std::uint64_t offset) {
    return place + " byte " + std::to_string(offset);
}

tl::unexpected<Error> damaged(const std::string& place, std::uint64_t offset, std::string what) {
    return bad_input(std::move(what), at_byte(place, offset), "the file is damaged or cut: write or fetch it again");
}

/// The table, with everything about the header checked but the hashes of the sections.
Result<tph::Table> read_table(std::span<const std::byte> bytes, const std::string& place, HashCheck check) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text.substr(0, deployment_magic.size()) !=
            deployment_magic.substr(0, std::min(text.size(), deployment_magic.size())) ||
        text.empty())
        return tl::unexpected(no_deployment(text, place));
    if (bytes.size() < tph::header_bytes)
        return damaged(place, bytes.size(),
                       "the file ends inside its header of " + std::to_string(tph::header_bytes) + " bytes");
    ByteReader in(bytes.subspan(deployment_magic.size()));
    if (const auto version = in.get<std::uint32_t>(); version != tph::version)
        return bad_input("deployment file of version " + std::to_string(version) + "; this program reads version " +
                             std::to_string(tph::version),
                         at_byte(place, deployment_magic.size()), "import the model again with this version of tephra");
    Hash128 hash;
    ByteReader stored(bytes.subspan(tph::hash_offset));
    hash.low = stored.get<std::uint64_t>();
    hash.high = stored.get<std::uint64_t>();
    if (check == HashCheck::verify && hash128(bytes.first(tph::hash_offset)) != hash)
        return damaged(place, 0, "the header does not match its hash");
    if (in.get<std::uint32_t>() != tph_sections) return damaged(place, 12, "wrong number of sections");
    const auto size = in.get<std::uint64_t>();
    if (size != bytes.size())
        return damaged(
            place, std::min<std::uint64_t>(size, bytes.size()),
            "the file has " + std::to_string(bytes.size()) + " bytes, its header says " + std::to_string(size));
    tph::Table table;
    std::uint64_t end = tph::header_bytes;
    for (std::size_t k = 0; k < tph_sections; ++k) {
        std::array<char, tph::name_bytes> name{};
        in.get_all(std::span<char>(name));
        table[k].offset = in.get<std::uint64_t>();
        table[k].size = in.get<std::uint64_t>();
        in.get<std::uint64_t>();
        in.get<std::uint64_t>();
        std::string expected(names[k]);
        expected.resize(tph::name_bytes, '\0');
        if (!std::equal(name.begin(), name.end(), expected.begin()) || table[k].offset != tph::align(end) ||
            table[k].offset > size || table[k].size > size - table[k].offset)
            return damaged(place, tph::table_offset + k * tph::entry_bytes, "wrong entry in the table of sections");
        end = table[k].offset + table[k].size;
    }
    if (end != size) return damaged(place, end, "bytes after the last section");
    return table;
}

/// Padding between sections is zero and sections match their hashes.
Result<void> verify_sections(std::span<const std::byte> bytes, const tph::Table& table, const std::string& place) {
    std::uint64_t end = tph::header_bytes;
    for (std::size_t k = 0; k < tph_sections; ++k) {
        for (std::uint64_t b = end; b < table[k].offset; ++b)
            if (bytes[b] != std::byte{0}) return damaged(place, b, "padding that is not zero");
        ByteReader entry(bytes.subspan(tph::table_offset + k * tph::entry_bytes + tph::name_bytes + 16));
        Hash128 hash;
        hash.low = entry.get<std::uint64_t>();
        hash.high = entry.get<std::uint64_t>();
        if (hash128(bytes.subspan(table[k].offset, table[k].size)) != hash)
            return damaged(place, table[k].offset, "section \"" + std::string(names[k]) + "\" does not match its hash");
        end = table[k].offset + table[k].size;
    }
    return {};
}

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

Result<void> check_name(std::string_view name, const std::string& place) {
    const std::string hint = "a name is 1 to " + std::to_string(max_name_bytes) +
                             " bytes of UTF-8 without control characters: rename the directory or write the file again";
    if (name.empty() || name.size() > max_name_bytes)
        return bad_input("a model's name of " + std::to_string(name.size()) + " bytes", place, hint);
    if (printable(name) != name || name.find('\n') != std::string_view::npos)
        return bad_input("the model's name \"" + printable(name) + "\" holds control characters or is no UTF-8", place,
                         hint);
    return {};
}

Result<void> tph::check_origin(const std::string& origin, const std::string& place) {
    const auto json = parse_json(origin, place);
    if (json && json->object() != nullptr) return {};
    return bad_input("the file's origin is not a JSON object", place, "write the file again");
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

Result<LayerGraph> tph::read_graph(const Sections& sections, const Table& table, const std::string& place) {
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
    }
    return graph;
}

Result<std::shared_ptr<const Deployment>> parse_tph(std::span<const std::byte> bytes, const std::string& place,
                                                    std::shared_ptr<const void> storage, HashCheck check) {
    auto table = read_table(bytes, place, check);
    if (!table) return tl::unexpected(table.error());
    if (check == HashCheck::verify)
        if (auto verified = verify_sections(bytes, *table, place); !verified) return tl::unexpected(verified.error());
    tph::Sections sections;
    for (std::size_t k = 0; k < tph_sections; ++k) sections[k] = bytes.subspan((*table)[k].offset, (*table)[k].size);
    auto graph = tph::read_graph(sections, *table, place);
    if (!graph) return tl::unexpected(graph.error());
    const auto integers = tph::index(TphSection::integers), origin = tph::index(TphSection::origin);
    if (auto good = tph::check_origin(text_of(sections[origin]), at_byte(place, (*table)[origin].offset)); !good)
        return tl::unexpected(good.error());
    auto quantized = decode_quantized(sections[integers], graph->config, at_byte(place, (*table)[integers].offset));
    if (!quantized) return tl::unexpected(quantized.error());
    auto model = std::make_shared<Deployment>();
    model->graph = std::move(*graph);
    model->graph.storage = std::move(storage);
    model->quantized = std::move(*quantized);
    model->tokenizer = text_of(sections[tph::index(TphSection::tokenizer)]);
    model->origin = text_of(sections[origin]);
    ByteReader stored(bytes.subspan(tph::hash_offset));
    model->hash.low = stored.get<std::uint64_t>();
    model->hash.high = stored.get<std::uint64_t>();
    return model;
}

Result<std::shared_ptr<const Deployment>> load_model(const std::string& path) {
    std::error_code unknown;
    if (std::filesystem::is_directory(path, unknown))
        return bad_input("a directory, a deployment file is needed", path,
                         "tephra import makes one of a checkpoint's directory");
    auto mapped = MappedFile::open(path);
    if (!mapped) return tl::unexpected(mapped.error());
    const auto file = std::make_shared<const MappedFile>(std::move(*mapped));
    return parse_tph(file->bytes(), path, file);
}

Result<std::array<TphSpan, tph_sections>> read_tph_table(const std::string& path) {
    auto mapped = MappedFile::open(path);
    if (!mapped) return tl::unexpected(mapped.error());
    return read_table(mapped->bytes(), path, HashCheck::verify);
}

}  // namespace tephra
