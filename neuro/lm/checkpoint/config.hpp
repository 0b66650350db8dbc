#pragma once
// config.json of the published implementation (model_type "hgrn_bit"): every field is honoured, known to change
// nothing, or refused by name.
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/json.hpp"
#include "neuro/lm/layer_graph.hpp"

namespace tephra {

/// Reads a configuration; absent fields take the published defaults. Errors: bad_input with "place#/field" for another
/// kind of model, a field outside its range, a variant of the architecture that is not implemented (use_short_conv,
/// expand_ratio other than 1 ...), or a field that is not known at all.
Result<ModelConfig> parse_config(const Json& json, const std::string& place);

}  // namespace tephra
