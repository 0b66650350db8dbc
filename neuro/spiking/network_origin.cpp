#include "neuro/spiking/network_origin.hpp"

#include <filesystem>

#include "core/files.hpp"
#include "core/hash.hpp"
#include "core/json.hpp"

namespace tephra::spiking {
namespace {

Result<Json::Object> origin_of(const std::string& path, int input_bits) {
    const auto bytes = read_file(path);
    if (!bytes) return tl::unexpected(bytes.error());
    return Json::Object{{"tool", "tephra " TEPHRA_VERSION},
                        {"command", "import"},
                        {"file", std::filesystem::path(path).filename().string()},
                        {"file_hash", to_string(hash128(*bytes))},
                        {"input_bits", input_bits}};
}

}  // namespace

Result<std::string> netx_origin(const std::string& path, const NetxOptions& options) {
    auto origin = origin_of(path, options.input_message_bits);
    if (!origin) return tl::unexpected(origin.error());
    origin->emplace_back("format", "netx");
    origin->emplace_back("reset_interval", options.reset_interval);
    origin->emplace_back("reset_offset", options.reset_offset);
    origin->emplace_back("threshold", options.threshold_rule == ThresholdRule::above ? "above" : "reached");
    return Json(std::move(*origin)).dump(-1);
}

Result<std::string> nir_origin(const std::string& path, const NirOptions& options) {
    auto origin = origin_of(path, options.input_message_bits);
    if (!origin) return tl::unexpected(origin.error());
    origin->emplace_back("format", "nir");
    origin->emplace_back("dt", options.dt);
    origin->emplace_back("weight_bits", options.weight_bits);
    origin->emplace_back("rule", options.rule == NirRule::nearest ? "nearest" : "lava");
    return Json(std::move(*origin)).dump(-1);
}

}  // namespace tephra::spiking
