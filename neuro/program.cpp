#include "neuro/program.hpp"

namespace tephra {
namespace {

/// An overload for each alternative, so that a new one without a name is an error of the compiler.
struct KindName {
    std::string_view operator()(const TokenSource&) const { return "token source"; }
    std::string_view operator()(const Normalizer&) const { return "normalizer"; }
    std::string_view operator()(const Quantizer&) const { return "quantizer"; }
    std::string_view operator()(const GatedRecurrence&) const { return "gated recurrence"; }
    std::string_view operator()(const Residual&) const { return "residual"; }
    std::string_view operator()(const GatedUnit&) const { return "gated unit"; }
    std::string_view operator()(const Readout&) const { return "readout"; }
    std::string_view operator()(const TokenSink&) const { return "token sink"; }
};

}  // namespace

std::string_view kind(const NeuronModel& model) {
    return std::visit(KindName{}, model);
}

}  // namespace tephra
