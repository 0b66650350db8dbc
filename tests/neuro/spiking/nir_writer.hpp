#pragma once
// Small NIR files for tests. What is written first stays: later writes of the same name are left out.
#include <algorithm>
#include <set>

#include "tests/neuro/spiking/hdf5_writer.hpp"

namespace tephra::spiking::test {

class NirWriter {
public:
    struct Array {
        std::vector<hsize_t> shape;
        std::vector<double> values;
    };
    struct Parameter {
        std::string name;
        Array array;
    };

    void node(const std::string& name, const std::string& type, const std::vector<Parameter>& parameters) {
        const std::string place = graph_ + "/nodes/" + name;
        if (!names_.insert(place).second) return;
        file_.string(place + "/type", type);
        for (const Parameter& p : parameters) file_.numbers(place + "/" + p.name, p.array.shape, p.array.values);
    }
    /// Pairs of source and target.
    void edges(const std::vector<std::string>& names) {
        if (names_.insert(graph_ + "/edges").second) file_.strings(graph_ + "/edges", {names.size() / 2, 2}, names);
    }
    /// Leaves out a node.
    void skip(const std::string& name) { names_.insert(graph_ + "/nodes/" + name); }
    /// Type of the outermost node.
    void type(const std::string& type) { type_ = type; }
    [[nodiscard]] std::string path() const { return file_.path(); }
    std::string close() {
        file_.string("node/type", type_);
        file_.string("version", "0.2.0");
        return file_.close();
    }

    /// While it lives, nodes and edges belong to a graph within the graph.
    class Scope {
    public:
        Scope(NirWriter& writer, const std::string& name) : writer_(writer), before_(writer.graph_) {
            writer.graph_ += "/nodes/" + name;
            writer.file_.string(writer.graph_ + "/type", "NIRGraph");
        }
        ~Scope() { writer_.graph_ = before_; }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        NirWriter& writer_;
        std::string before_;
    };

private:
    Hdf5Writer file_;
    std::string graph_ = "node", type_ = "NIRGraph";
    std::set<std::string> names_;
};

}  // namespace tephra::spiking::test
