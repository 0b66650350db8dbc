#include "neuro/lm/tensors.hpp"

namespace tephra {
namespace {

std::string block_prefix(std::size_t block) {
    return "model.layers." + std::to_string(block) + ".";
}

}  // namespace

std::vector<NormTensor> norm_tensors(LayerGraph& graph) {
    const int d = graph.config.hidden_size, f = graph.config.intermediate_size;
    std::vector<NormTensor> tensors;
    for (std::size_t b = 0; b < graph.blocks.size(); ++b) {
        Block& block = graph.blocks[b];
        const std::string prefix = block_prefix(b);
        tensors.push_back({prefix + "attn_norm.weight", d, &block.attn_norm});
        tensors.push_back({prefix + "attn.f_proj.norm.weight", d, &block.f_proj.norm});
        tensors.push_back({prefix + "attn.i_proj.norm.weight", d, &block.i_proj.norm});
        tensors.push_back({prefix + "attn.g_proj.norm.weight", d, &block.g_proj.norm});
        tensors.push_back({prefix + "attn.g_norm.weight", d, &block.g_norm});
        tensors.push_back({prefix + "attn.o_proj.norm.weight", d, &block.o_proj.norm});
        tensors.push_back({prefix + "mlp_norm.weight", d, &block.mlp_norm});
        tensors.push_back({prefix + "mlp.gate_proj.norm.weight", d, &block.gate_proj.norm});
        tensors.push_back({prefix + "mlp.down_proj.norm.weight", f, &block.down_proj.norm});
    }
    tensors.push_back({"model.norm.weight", d, &graph.final_norm});
    tensors.push_back({"lm_head.norm.weight", d, &graph.lm_head.norm});
    return tensors;
}

std::vector<WeightTensor> weight_tensors(LayerGraph& graph) {
    const int d = graph.config.hidden_size, f = graph.config.intermediate_size;
    std::vector<WeightTensor> tensors;
    for (std::size_t b = 0; b < graph.blocks.size(); ++b) {
        Block& block = graph.blocks[b];
        const std::string prefix = block_prefix(b);
        tensors.push_back({prefix + "attn.f_proj.weight", d, d, &block.f_proj.weight});
        tensors.push_back({prefix + "attn.i_proj.weight", d, d, &block.i_proj.weight});
        tensors.push_back({prefix + "attn.g_proj.weight", d, d, &block.g_proj.weight});
        tensors.push_back({prefix + "attn.o_proj.weight", d, d, &block.o_proj.weight});
        tensors.push_back({prefix + "mlp.gate_proj.weight", 2 * f, d, &block.gate_proj.weight});
        tensors.push_back({prefix + "mlp.down_proj.weight", d, f, &block.down_proj.weight});
    }
    tensors.push_back({"lm_head.weight", graph.config.vocab_size, d, &graph.lm_head.weight});
    return tensors;
}

Result<void> check_config(const ModelConfig& config, const std::string& place) {
    struct Size {
        const char* name;
        int value, limit;
    };
    for (const Size& size :
         {Size{"vocabulary", config.vocab_size, max_vocabulary}, Size{"hidden size", config.hidden_size, max_vector},
          Size{"intermediate size", config.intermediate_size, max_vector},
          Size{"number of layers", config.num_layers, max_layers}})
        if (size.value < 1 || size.value > size.limit)
            return bad_input(std::string("the ") + size.name + " of the model is " + std::to_string(size.value), place,
                             "it must be 1 to " + std::to_string(size.limit));
    if (!(config.rms_norm_eps >= 0 && config.rms_norm_eps <= 1))
        return bad_input("rms_norm_eps is not in [0, 1]", place);
    for (const int id : {config.bos_token_id, config.eos_token_id})
        if (id < -1 || id >= config.vocab_size) return bad_input("a special token id is outside the vocabulary", place);
    return {};
}

}  // namespace tephra
