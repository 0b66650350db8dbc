#pragma once
// What the bindings of neurons, synapses, networks and engines share.
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/hash.hpp"
#include "neuro/spiking/constants.hpp"
#include "neuro/spiking/network.hpp"
#include "neuro/spiking/network_file.hpp"
#include "neuro/spiking/weights.hpp"
#include "python/bindings/arguments.hpp"

namespace tephra::python {

struct Neurons {
    spiking::NeuronModelPtr model;
};

struct Synapses {
    spiking::SynapseFormatPtr format;
    std::int64_t changed = 0;  ///< weights that the precision made another number
};

/// A network with its name and where it came from; immutable, so threads can share it.
class NetworkObject {
public:
    explicit NetworkObject(spiking::NamedNetwork named)
        : network_(std::make_shared<const spiking::Network>(std::move(named.network))),
          name_(std::move(named.name)),
          origin_(std::move(named.origin)),
          hash_(named.hash) {}
    NetworkObject(spiking::Network network, std::string name, std::string origin)
        : network_(std::make_shared<const spiking::Network>(std::move(network))),
          name_(std::move(name)),
          origin_(std::move(origin)) {}

    /// The same network under another name.
    [[nodiscard]] NetworkObject renamed(std::string name) const {
        NetworkObject other = *this;
        other.name_ = std::move(name);
        return other;
    }
    [[nodiscard]] const spiking::Network& network() const { return *network_; }
    [[nodiscard]] const std::shared_ptr<const spiking::Network>& shared() const { return network_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::string& origin() const { return origin_; }
    /// Of what it computes; computed once, with the GIL held. Errors: bad_input for a kind that no file holds.
    [[nodiscard]] Hash128 hash() const;

private:
    std::shared_ptr<const spiking::Network> network_;
    std::string name_, origin_;
    mutable std::optional<Hash128> hash_;
};

/// Parameters by name as arrays; `kind`: for the error where they can't be stored.
py::dict stored_dict(const std::optional<StoredParameters>& stored, std::string_view kind);

void bind_neurons(py::module_& m);
void bind_synapses(py::module_& m);
void bind_networks(py::module_& m);
void bind_engines(py::module_& m);

}  // namespace tephra::python
