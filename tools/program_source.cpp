#include "tools/program_source.hpp"

#include "neuro/lm/lower.hpp"
#include "neuro/spiking/lower.hpp"

namespace tephra::tools {

Program read_program(const NetworkOptions& options, const CLI::App& command) {
    if (is_network_file(options.network)) {
        const spiking::NamedNetwork named = read_named_network(options, command);
        return require(spiking::lower(named.network, named.name, named.hash, spiking::HostInput::changes));
    }
    refuse_network_options(command, "with a language model");
    return lower(require(load_model(options.network)));
}

}  // namespace tephra::tools
