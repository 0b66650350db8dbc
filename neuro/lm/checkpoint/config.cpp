#include "neuro/lm/checkpoint/config.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/narrow.hpp"
#include "core/object_reader.hpp"
#include "core/text.hpp"
#include "neuro/lm/tensors.hpp"

namespace tephra {
namespace {

/// Fields that tell how the model was trained, saved or should be served, and never change what it computes: the
/// bookkeeping of the library that writes these files, and options of training.
constexpr std::array neutral_fields = {"architectures",
                                       "auto_map",
                                       "dtype",
                                       "fuse_cross_entropy",
                                       "id2label",
                                       "initializer_range",
                                       "label2id",
                                       "model_max_length",
                                       "output_attentions",
                                       "output_hidden_states",
                                       "pad_token_id",
                                       "sep_token_id",
                                       "cls_token_id",
                                       "return_dict",
                                       "torch_dtype",
                                       "transformers_version",
                                       "use_cache",
                                       "_attn_implementation",
                                       "_commit_hash",
                                       "_name_or_path",
                                       "_attn_implementation_autoset",
                                       "max_position_embeddings"};  // a recurrence has no positions

void refuse(ObjectReader& in, const char* key, const std::string& what) {
    in.fault(key, what, "this variant of the architecture is not implemented");
}

/// The published rule: 256 ceil(int(2/3 x hidden x ratio) / 256).
int default_intermediate_size(int hidden, double ratio) {
    const double width = std::floor(hidden * ratio * 2 / 3);
    return static_cast<int>(256 * std::ceil(width / 256));
}

bool is_null(ObjectReader& in, const char* key) {
    return !in.has(key) || in.value(key).is_null();
}

void read_sizes(ObjectReader& in, ModelConfig& config) {
    config.vocab_size = narrow<int>(in.integer("vocab_size", 1, max_vocabulary));
    config.hidden_size = narrow<int>(in.integer("hidden_size", 1, max_vector));
    config.num_layers = narrow<int>(in.integer("num_hidden_layers", 1, max_layers));
    const double ratio = is_null(in, "hidden_ratio") ? 4 : in.number("hidden_ratio", 0.01, 256);
    if (is_null(in, "intermediate_size"))
        config.intermediate_size = default_intermediate_size(config.hidden_size, ratio);
    else
        config.intermediate_size = narrow<int>(in.integer("intermediate_size", 1, max_vector));
    if (config.intermediate_size > max_vector)
        in.fault("hidden_ratio", "the channel mixer would have " + std::to_string(config.intermediate_size) +
                                     " units, more than " + std::to_string(max_vector));
}

/// Fields that choose a variant of the architecture.
void read_variants(ObjectReader& in, ModelConfig& config) {
    const auto heads = in.integer_or("num_heads", 1, 1, max_vector);
    // The recurrence is elementwise and g_norm spans all heads: heads only reshape. So any divisor computes the same.
    if (config.hidden_size % heads != 0) in.fault("num_heads", "hidden_size is not a multiple of num_heads");
    if (in.number_or("expand_ratio", 1, 0, 1024) != 1) refuse(in, "expand_ratio", "expand_ratio is not 1");
    if (in.boolean_or("use_short_conv", false)) refuse(in, "use_short_conv", "use_short_conv is true");
    in.integer_or("conv_size", 4, 1, 1024);    // of the short convolution, which is off
    in.boolean_or("share_conv_kernel", true);  // likewise
    in.boolean_or("conv_bias", false);         // likewise
    if (in.string_or("attn_mode", "fused_recurrent") != "fused_recurrent")
        refuse(in, "attn_mode", "attn_mode is not \"fused_recurrent\"");
    const std::string activation = in.string_or("hidden_act", "swish");
    if (activation != "swish" && activation != "silu") refuse(in, "hidden_act", "hidden_act is not \"swish\"");
    config.use_lower_bound = in.boolean_or("use_lower_bound", true);
    config.tied_embeddings = in.boolean_or("tie_word_embeddings", false);
    if (!is_null(in, "quantization_config"))
        refuse(in, "quantization_config", "the checkpoint is quantized already; latent weights are needed");
}

int token_id(ObjectReader& in, const char* key, int fallback, int vocab_size) {
    if (!in.has(key)) return fallback < vocab_size ? fallback : -1;
    return in.value(key).is_null() ? -1 : narrow<int>(in.integer(key, 0, vocab_size - 1));
}

/// The fields that parse_config reads.
const std::vector<std::string> read_fields = {
    "model_type",          "vocab_size",          "hidden_size",  "num_hidden_layers", "hidden_ratio",
    "intermediate_size",   "num_heads",           "expand_ratio", "use_short_conv",    "conv_size",
    "share_conv_kernel",   "conv_bias",           "attn_mode",    "hidden_act",        "use_lower_bound",
    "tie_word_embeddings", "quantization_config", "rms_norm_eps", "bos_token_id",      "eos_token_id"};

bool is_off(const Json& value) {
    return value.is_null() || (value.boolean() != nullptr && !*value.boolean()) ||
           (value.array() != nullptr && value.array()->empty()) ||
           (value.object() != nullptr && value.object()->empty());
}

/// Published files hold many options of the library that wrote them. One that is off (null, false, an empty list or
/// object) changes nothing, whatever it is; but a field that misspells one read here is not such an option.
void ignore_what_is_off(ObjectReader& in, const Json& json) {
    constexpr std::size_t misspelled = 2;  // letters that differ, at most
    if (json.object() == nullptr) return;
    for (const auto& [key, value] : *json.object()) {
        const auto near = [&name = key](const std::string& field) { return edit_distance(name, field) <= misspelled; };
        if (is_off(value) && std::ranges::none_of(read_fields, near)) in.ignore(key);
    }
}

}  // namespace

Result<ModelConfig> parse_config(const Json& json, const std::string& place) {
    ObjectReader in(json, place);
    if (const std::string type = in.string("model_type"); type != "hgrn_bit")
        in.fault("model_type", "model type \"" + type + "\" is not \"hgrn_bit\"",
                 "only MatMul-free language models of this type can be imported");
    ModelConfig config;
    read_sizes(in, config);
    read_variants(in, config);
    config.rms_norm_eps = in.number_or("rms_norm_eps", 1e-6, 0, 1);
    config.bos_token_id = token_id(in, "bos_token_id", 1, config.vocab_size);
    config.eos_token_id = token_id(in, "eos_token_id", 2, config.vocab_size);
    for (const char* field : neutral_fields) in.ignore(field);
    ignore_what_is_off(in, json);
    if (auto finished = in.finish(); !finished) return tl::unexpected(finished.error());
    if (auto good = check_config(config, place); !good) return tl::unexpected(good.error());
    return config;
}

}  // namespace tephra
