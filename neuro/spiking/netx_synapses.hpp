#pragma once
// Synapses of the layers of a NetX file: weights, delays and kernels, and the shapes that they lead to.
#include "neuro/spiking/image.hpp"
#include "neuro/spiking/netx_neurons.hpp"
#include "neuro/spiking/weights.hpp"

namespace tephra::spiking {

/// The member `shape` of a layer: (neurons), or (channel, y, x). Errors: bad_input.
Result<Image> read_netx_shape(const Hdf5Group& group);

/// What leads to a layer, and the shape of its neurons.
struct NetxSynapses {
    SynapseFormatPtr synapses;
    Image targets;
};

/// Weights and delays of a dense layer behind `source`. `flattened`: their columns are its (channel, y, x), x varying
/// fastest. Errors: bad_input.
Result<NetxSynapses> read_netx_dense(const Hdf5Group& group, const Image& source, bool flattened);
/// The weights `weight_rec` among the neurons of a layer. Errors: bad_input.
Result<SynapseFormatPtr> read_netx_recurrent(const Hdf5Group& group, int neurons);
/// The kernel of a convolution over `source`. Errors: bad_input.
Result<NetxSynapses> read_netx_convolution(const Hdf5Group& group, const Image& source);

}  // namespace tephra::spiking
