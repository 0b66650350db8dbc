// tephra info: what a model's file holds.
#include <array>
#include <iostream>
#include <memory>

#include "core/narrow.hpp"
#include "core/text.hpp"
#include "neuro/lm/tph.hpp"
#include "neuro/lm/weight_count.hpp"
#include "tools/command.hpp"
#include "tools/info_network.hpp"
#include "tools/options.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

struct Format {
    const char* name;
    int BlockFormats::*bits;
};
constexpr std::array<Format, 10> block_formats = {{{"x_in", &BlockFormats::x_in},
                                                   {"f", &BlockFormats::f},
                                                   {"i", &BlockFormats::i},
                                                   {"g", &BlockFormats::g},
                                                   {"h", &BlockFormats::h},
                                                   {"t", &BlockFormats::t},
                                                   {"x_mid", &BlockFormats::x_mid},
                                                   {"z", &BlockFormats::z},
                                                   {"y", &BlockFormats::y},
                                                   {"x_out", &BlockFormats::x_out}}};

struct Info {
    std::shared_ptr<const Deployment> model;
    std::array<TphSpan, tph_sections> table;
    std::vector<WeightCount> weights;  ///< by kind, the sum last
    [[nodiscard]] std::uint64_t bytes() const { return table.back().offset + table.back().size; }
};

Info read_info(const std::string& path) {
    Info info{require(load_model(path)), require(read_tph_table(path)), {}};
    info.weights = count_weights(info.model->graph);
    info.weights.push_back(total(info.weights));
    return info;
}

/// Offsets and sizes of a file that exists: the system counts them with a sign, too.
Json bytes_json(std::uint64_t bytes) {
    return narrow<std::int64_t>(bytes);
}

Table section_table(const Info& info) {
    Table table({"section", "offset", "bytes"});
    for (std::size_t k = 0; k < tph_sections; ++k)
        table.add({std::string(section_name(static_cast<TphSection>(k))), bytes_json(info.table[k].offset),
                   bytes_json(info.table[k].size)});
    return table;
}

Table weight_table(const Info& info) {
    Table table({"weights", "count", "zero %"});
    for (const WeightCount& count : info.weights)
        table.add({count.kind, count.weights, fixed_text(100 * count.zero_fraction(), 2)});
    return table;
}

Table format_table(const Info& info) {
    std::vector<std::string> columns = {"block"};
    for (const Format& format : block_formats) columns.emplace_back(format.name);
    Table table(columns);
    for (std::size_t b = 0; b < info.model->quantized.blocks.size(); ++b) {
        Json::Array row = {static_cast<std::int64_t>(b)};
        for (const Format& format : block_formats)
            row.emplace_back(info.model->quantized.blocks[b].formats.*format.bits);
        table.add(std::move(row));
    }
    return table;
}

std::string embedding_type(const Info& info) {
    constexpr std::array<const char*, 3> names = {"BF16", "F16", "F32"};
    return names[static_cast<std::size_t>(info.model->graph.embeddings.type)];
}

void print_text(const Info& info) {
    const LayerGraph& graph = info.model->graph;
    const ModelConfig& config = graph.config;
    Table head({"model", graph.name});
    head.add({"parameters", parameter_count(config)});
    head.add({"vocabulary", config.vocab_size});
    head.add({"hidden size", config.hidden_size});
    head.add({"blocks", config.num_layers});
    head.add({"intermediate size", config.intermediate_size});
    head.add({"norm epsilon", number_text(config.rms_norm_eps)});
    head.add({"begin, end token", std::to_string(config.bos_token_id) + ", " + std::to_string(config.eos_token_id)});
    head.add({"lower bounds", config.use_lower_bound ? "yes" : "no"});
    head.add({"head", config.tied_embeddings ? "tied to the embeddings" : "of its own"});
    head.add({"embeddings", embedding_type(info)});
    head.add({"tokenizer", info.model->tokenizer.empty() ? "none" : "SentencePiece"});
    head.add({"file", bytes_text(info.bytes())});
    head.add({"hash", to_string(info.model->hash)});
    head.add({"origin", info.model->origin});
    std::cout << head.render("text") << "\n"
              << section_table(info).render("text") << "\n"
              << weight_table(info).render("text") << "\nfraction bits of the 24-bit states (embedding "
              << info.model->quantized.x_embedding << ", logits " << info.model->quantized.logits << ")\n"
              << format_table(info).render("text");
}

Json config_json(const ModelConfig& config) {
    return Json::Object{{"vocab_size", config.vocab_size},
                        {"hidden_size", config.hidden_size},
                        {"num_hidden_layers", config.num_layers},
                        {"intermediate_size", config.intermediate_size},
                        {"rms_norm_eps", config.rms_norm_eps},
                        {"bos_token_id", config.bos_token_id},
                        {"eos_token_id", config.eos_token_id},
                        {"use_lower_bound", config.use_lower_bound},
                        {"tie_word_embeddings", config.tied_embeddings}};
}

void print_json(const Info& info) {
    Json::Array sections, weights, blocks;
    for (std::size_t k = 0; k < tph_sections; ++k)
        sections.emplace_back(Json::Object{{"name", std::string(section_name(static_cast<TphSection>(k)))},
                                           {"offset", bytes_json(info.table[k].offset)},
                                           {"bytes", bytes_json(info.table[k].size)}});
    for (const WeightCount& count : info.weights)
        weights.emplace_back(
            Json::Object{{"kind", count.kind}, {"count", count.weights}, {"zero_fraction", count.zero_fraction()}});
    for (const QuantizedBlock& block : info.model->quantized.blocks) {
        Json::Object formats;
        for (const Format& format : block_formats) formats.emplace_back(format.name, block.formats.*format.bits);
        blocks.emplace_back(std::move(formats));
    }
    const LayerGraph& graph = info.model->graph;
    const Json json = Json::Object{{"name", graph.name},
                                   {"hash", to_string(info.model->hash)},
                                   {"origin", parse_json(info.model->origin, "origin").value_or(Json())},
                                   {"config", config_json(graph.config)},
                                   {"embedding_type", embedding_type(info)},
                                   {"parameters", parameter_count(graph.config)},
                                   {"bytes", bytes_json(info.bytes())},
                                   {"tokenizer_bytes", static_cast<std::int64_t>(info.model->tokenizer.size())},
                                   {"sections", std::move(sections)},
                                   {"weights", std::move(weights)},
                                   {"fraction_bits", Json::Object{{"embedding", info.model->quantized.x_embedding},
                                                                  {"logits", info.model->quantized.logits},
                                                                  {"blocks", std::move(blocks)}}}};
    std::cout << json.dump() << "\n";
}

struct Settings {
    NetworkOptions model;
    std::string format = "text";
};

}  // namespace

void add_info_command(CLI::App& app) {
    auto settings = std::make_shared<Settings>();
    CLI::App* command = app.add_subcommand("info", "Print what a model's file holds");
    add_word(*command, "model", settings->model.network, "deployment file (.tph), or network (.net, .nir)")->required();
    add_network_options(*command, settings->model);
    add_choice(*command, "--format", settings->format, {"text", "json"}, "text or json");
    command->callback([settings, command] {
        if (is_network_file(settings->model.network)) return print_network(settings->model, *command, settings->format);
        refuse_network_options(*command, "with a language model");
        const Info info = read_info(settings->model.network);
        settings->format == "json" ? print_json(info) : print_text(info);
    });
}

}  // namespace tephra::tools
