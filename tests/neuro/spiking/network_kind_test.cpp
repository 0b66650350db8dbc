#include "neuro/spiking/network_kind.hpp"

#include "tests/neuro/spiking/hdf5_writer.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

TEST_CASE("a network file is told by its groups") {
    const auto kind_of = [](const std::vector<std::string>& groups) {
        Hdf5Writer writer;
        for (const std::string& group : groups) writer.group(group);
        return network_kind(writer.close());
    };
    CHECK(kind_of({"layer", "simulation"}).value() == NetworkKind::netx);
    CHECK(kind_of({"node"}).value() == NetworkKind::nir);
    CHECK(kind_of({}).error().message == "the HDF5 file holds no network");
    CHECK_FALSE(kind_of({"layer", "node"}));
    CHECK_FALSE(network_kind("/nonexistent"));
}
