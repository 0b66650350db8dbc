#include "neuro/spiking/network_kind.hpp"

#include "neuro/spiking/hdf5.hpp"
#include "neuro/spiking/trial.hpp"

namespace tephra::spiking {

static Result<NetworkKind> kind_of(const std::string& path) {
    const auto root = Hdf5Group::open(path);
    if (!root) return tl::unexpected(root.error());
    const bool netx = root->has_group("layer"), nir = root->has_group("node");
    if (netx != nir) return netx ? NetworkKind::netx : NetworkKind::nir;
    return bad_input("the HDF5 file holds no network", path,
                     "NetX files have a group \"layer\", NIR files a group \"node\"");
}

Result<NetworkKind> network_kind(const std::string& path) {
    return read_with_trial(path, [&] { return kind_of(path); });
}

}  // namespace tephra::spiking
