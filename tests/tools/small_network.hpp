#pragma once
// A network of five neurons that a test writes, and a folder for its arrays.
#include <map>

#include "core/npz.hpp"
#include "tests/neuro/spiking/nir_writer.hpp"
#include "tests/tools/program.hpp"

namespace tephra::test {

/// A NIR file: input (2) -> weights -> IF (3), and a folder for arrays.
class SmallNetwork {
public:
    SmallNetwork() {
        std::filesystem::create_directories(folder_.str());
        writer_.node("in", "Input", {{"shape", {{1}, {2}}}});
        writer_.node("w", "Linear", {{"weight", {{3, 2}, {1, 0, 0, 1, 0.5, 0.5}}}});
        writer_.node("neurons", "IF", {{"r", {{}, {1}}}, {"v_threshold", {{3}, {0.9, 1.9, 0.9}}}});
        writer_.node("out", "Output", {{"shape", {{1}, {3}}}});
        writer_.edges({"in", "w", "w", "neurons", "neurons", "out"});
        writer_.close();
    }
    [[nodiscard]] std::string file(const std::string& name) const { return folder_.str() + "/" + name; }
    std::string array(const std::string& name, const std::vector<std::int64_t>& shape,
                      const std::vector<double>& values) const {
        REQUIRE(write_file(file(name), npy_bytes<double>(shape, values)));
        return file(name);
    }
    [[nodiscard]] std::string path() const { return writer_.path(); }
    /// Runs the network with these arguments, without a machine or on one.
    [[nodiscard]] Outcome run(const std::string& arguments) const {
        return run_program("run " + writer_.path() + " --dt 1 " + arguments);
    }
    [[nodiscard]] Outcome simulate(const std::string& arguments) const {
        return run_program("simulate " + writer_.path() + " --dt 1 " + arguments);
    }
    /// Runs a verb on its file.
    [[nodiscard]] Outcome verb(const std::string& name, const std::string& arguments) const {
        return run_program(name + " " + writer_.path() + " --dt 1 " + arguments);
    }
    [[nodiscard]] std::map<std::string, NumberArray> recorded(const std::string& name) const {
        return parse_npz(read_file(file(name)).value(), name).value();
    }

private:
    TemporaryPath folder_{"network"};
    spiking::test::NirWriter writer_;
};

}  // namespace tephra::test
