#include <cassert>

#include "core/bytes.hpp"
#include "neuro/lm/quantized_codec.hpp"
#include "neuro/lm/tensors.hpp"
#include "neuro/lm/tph_layout.hpp"

namespace tephra {

std::string tph::encode_config(const TphHead& head) {
    const ModelConfig& config = head.config;
    ByteWriter out;
    for (const int value : {config.vocab_size, config.hidden_size, config.num_layers, config.intermediate_size,
                            config.bos_token_id, config.eos_token_id})
        out.put<std::int32_t>(value);
    out.put<std::uint32_t>((config.use_lower_bound ? 1U : 0U) | (config.tied_embeddings ? 2U : 0U));
    out.put<std::uint32_t>(static_cast<std::uint32_t>(head.embedding_type));
    out.put<double>(config.rms_norm_eps);
    return out.bytes();
}

std::uint64_t tph_bytes(const TphHead& head) {
    LayerGraph shapes;
    shapes.config = head.config;
    shapes.embeddings.type = head.embedding_type;
    shapes.blocks.resize(static_cast<std::size_t>(head.config.num_layers));
    std::uint64_t bytes = tph::header_bytes(tph_sections);
    for (std::size_t k = 0; k < tph_sections; ++k) {
        const auto section = static_cast<TphSection>(k);
        std::uint64_t size = tph::expected_bytes(section, shapes);
        if (section == TphSection::config) size = tph::encode_config(head).size();
        if (section == TphSection::name) size = head.name.size();
        if (section == TphSection::origin) size = head.origin.size();
        if (section == TphSection::tokenizer) size = head.tokenizer.size();
        if (section == TphSection::integers) size = quantized_bytes(head.config);
        bytes = tph::align(bytes) + size;
    }
    return bytes;
}

Result<TphWriter> TphWriter::create(const std::string& path, const TphHead& head) {
    if (auto good = check_config(head.config, path); !good) return tl::unexpected(good.error());
    if (auto good = check_name(head.name, path); !good) return tl::unexpected(good.error());
    if (auto good = tph::check_origin(head.origin, path); !good) return tl::unexpected(good.error());
    const std::uint64_t bytes = tph_bytes(head);
    if (auto good = check_tph_bytes(bytes, path); !good) return tl::unexpected(good.error());
    if (auto good = tph::check_room(bytes, path); !good) return tl::unexpected(good.error());
    auto file = OutputFile::create_regular(path);  // sections are written out of order
    if (!file) return tl::unexpected(file.error());
    TphWriter writer(std::move(*file));
    writer.head_ = head;
    const std::string placeholder(tph::header_bytes(tph_sections), '\0');
    auto written = writer.file_.write(placeholder);
    if (written) written = writer.section(TphSection::config, tph::encode_config(head));
    if (written) written = writer.section(TphSection::name, head.name);
    if (written) written = writer.section(TphSection::origin, head.origin);
    if (written) written = writer.section(TphSection::tokenizer, head.tokenizer);
    if (!written) return tl::unexpected(written.error());
    return writer;
}

Result<void> TphWriter::section(TphSection section, std::string_view bytes) {
    if (auto begun = begin(section); !begun) return begun;
    return append(std::as_bytes(std::span(bytes.data(), bytes.size())));
}

Result<void> TphWriter::begin(TphSection section) {
    assert(section == TphSection::config || tph::index(section) == tph::index(current_) + 1);
    const std::string padding(tph::align(file_.size()) - file_.size(), '\0');
    if (auto written = file_.write(padding); !written) return written;
    current_ = section;
    table_[tph::index(section)] = {file_.size(), 0};
    return {};
}

Result<void> TphWriter::append(std::span<const std::byte> bytes) {
    table_[tph::index(current_)].size += bytes.size();
    return file_.write(bytes);
}

Result<std::shared_ptr<const LayerGraph>> TphWriter::map_graph() {
    assert(current_ == TphSection::scales);
    if (auto flushed = file_.flush(); !flushed) return tl::unexpected(flushed.error());
    auto mapped = MappedFile::open(file_.temporary_path());
    if (!mapped) return tl::unexpected(mapped.error());
    mapping_ = std::make_shared<const MappedFile>(std::move(*mapped));
    tph::Sections sections;
    for (std::size_t k = 0; k + 1 < tph_sections; ++k)
        sections[k] = mapping_->bytes().subspan(table_[k].offset, table_[k].size);
    auto graph = tph::read_graph(sections, table_, file_.temporary_path());
    if (!graph) return tl::unexpected(graph.error());
    graph->storage = mapping_;
    return std::make_shared<const LayerGraph>(std::move(*graph));
}

Result<void> TphWriter::commit(const QuantizedModel& quantized) {
    assert(current_ == TphSection::scales && mapping_ != nullptr);
    auto integers = encode_quantized(quantized, head_.config);
    if (!integers) return tl::unexpected(integers.error());
    std::array<Hash128, tph_sections> hashes;
    for (std::size_t k = 0; k + 1 < tph_sections; ++k)
        hashes[k] = hash128(mapping_->bytes().subspan(table_[k].offset, table_[k].size));
    hashes.back() = hash128(*integers);
    if (auto written = section(TphSection::integers, *integers); !written) return written;
    assert(file_.size() == tph_bytes(head_));
    const std::string head = tph::header(tph::model_frame(), table_, hashes, file_.size());
    if (auto written = file_.write_at(0, std::as_bytes(std::span(head))); !written) return written;
    mapping_.reset();
    return file_.commit();
}

}  // namespace tephra
