#include "neuro/lm/model_source.hpp"

#include "core/stop.hpp"
#include "neuro/lm/quantize.hpp"
#include "neuro/team.hpp"

namespace tephra {
namespace {

template <typename T>
Result<void> write_section(TphWriter& writer, TphSection section, const std::vector<T>& values) {
    if (auto begun = writer.begin(section); !begun) return begun;
    return writer.append(std::as_bytes(std::span(values)));
}

Result<std::vector<float>> read_norms(ModelSource& source, LayerGraph& graph) {
    std::vector<float> norms;
    for (const NormTensor& tensor : norm_tensors(graph)) {
        norms.resize(norms.size() + static_cast<std::size_t>(tensor.size));
        auto read = source.norm(tensor, std::span(norms).last(static_cast<std::size_t>(tensor.size)));
        if (!read) return tl::unexpected(read.error());
    }
    return norms;
}

Result<void> write_tensors(ModelSource& source, LayerGraph& graph, TphWriter& writer) {
    const ByteSink sink = [&](std::span<const std::byte> bytes) {
        stop_point();
        return writer.append(bytes);
    };
    auto done = writer.begin(TphSection::embeddings);
    if (done) done = source.embeddings(sink);
    if (done) done = writer.begin(TphSection::weights);
    if (!done) return done;
    std::vector<double> scales;
    for (const WeightTensor& tensor : weight_tensors(graph)) {
        auto scale = source.weights(tensor, sink);
        if (!scale) return tl::unexpected(scale.error());
        scales.push_back(*scale);
    }
    auto norms = read_norms(source, graph);
    if (!norms) return tl::unexpected(norms.error());
    std::vector<float> bounds;
    if (graph.config.use_lower_bound) {
        bounds.resize(graph.blocks.size() * static_cast<std::size_t>(graph.config.hidden_size));
        done = source.lower_bounds(bounds);
    }
    if (done) done = write_section(writer, TphSection::norms, *norms);
    if (done) done = write_section(writer, TphSection::bounds, bounds);
    if (done) done = write_section(writer, TphSection::scales, scales);
    return done;
}

}  // namespace

Result<void> write_model(ModelSource& source, std::span<const std::int32_t> calibration_ids, int threads,
                         const std::string& path) {
    LayerGraph shapes;
    shapes.config = source.head().config;
    if (auto good = check_config(shapes.config, path); !good) return good;
    if (auto good = check_threads(threads); !good) return good;
    shapes.blocks.resize(static_cast<std::size_t>(shapes.config.num_layers));
    auto writer = TphWriter::create(path, source.head());
    if (!writer) return tl::unexpected(writer.error());
    if (auto written = write_tensors(source, shapes, *writer); !written) return written;
    auto graph = writer->map_graph();
    if (!graph) return tl::unexpected(graph.error());
    auto quantized = quantize(**graph, calibration_ids, threads);
    if (!quantized) return tl::unexpected(quantized.error());
    return writer->commit(*quantized);
}

}  // namespace tephra
