// Loads a model, lowers it and prints its shape: enough to need each library's headers and symbols.
#include <iostream>

#include "mapper/machine.hpp"
#include "neuro/lm/deployment.hpp"
#include "neuro/lm/lower.hpp"
#include "simulator/run.hpp"

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const auto model = tephra::load_model(argv[1]);
    const auto machine = model ? tephra::find_machine(argv[2]) : tephra::Result<tephra::Machine>();
    if (!model || !machine) {
        std::cerr << to_string(model ? machine.error() : model.error()) << "\n";
        return 1;
    }
    const tephra::ModelConfig& config = (*model)->graph.config;
    const tephra::Program program = tephra::lower(*model);
    std::cout << "vocabulary " << config.vocab_size << ", " << config.num_layers << " blocks of " << config.hidden_size
              << ", " << program.populations.size() << " populations\n"
              << machine->name << ", " << machine->chips() << " chips\n";
    // A run that is not there is an error with the file's name, not a crash.
    return tephra::read_run("absent.run") ? 1 : 0;
}
