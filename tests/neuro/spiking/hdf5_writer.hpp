#pragma once
// Small HDF5 files for tests, made through libhdf5.
#include <hdf5.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/files.hpp"
#include "tests/catch.hpp"

namespace tephra::spiking::test {

class Hdf5Writer {
public:
    Hdf5Writer() {
        std::filesystem::create_directories(folder_.str());
        file_ = H5Fcreate(path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        REQUIRE(file_ >= 0);
    }
    ~Hdf5Writer() { close(); }
    Hdf5Writer(const Hdf5Writer&) = delete;
    Hdf5Writer& operator=(const Hdf5Writer&) = delete;

    [[nodiscard]] std::string path() const { return folder_.str() + "/net.h5"; }
    /// The path of the file, which is then complete.
    std::string close() {
        if (file_ >= 0) H5Fclose(file_);
        file_ = -1;
        return path();
    }

    void numbers(const std::string& name, const std::vector<hsize_t>& shape, const std::vector<double>& values) {
        const hid_t space = make_space(shape);
        const hid_t set = create(name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT);
        REQUIRE(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
        H5Dclose(set);
        H5Sclose(space);
    }
    void number(const std::string& name, double value) { numbers(name, {}, {value}); }
    /// Strings of variable length.
    void strings(const std::string& name, const std::vector<hsize_t>& shape, const std::vector<std::string>& values) {
        const hid_t type = H5Tcopy(H5T_C_S1);
        H5Tset_size(type, H5T_VARIABLE);
        std::vector<const char*> pointers;
        for (const std::string& value : values) pointers.push_back(value.c_str());
        const hid_t space = make_space(shape);
        const hid_t set = create(name, type, space, H5P_DEFAULT);
        REQUIRE(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) >= 0);
        H5Dclose(set);
        H5Sclose(space);
        H5Tclose(type);
    }
    void string(const std::string& name, const std::string& value) { strings(name, {}, {value}); }
    void group(const std::string& name) {
        const hid_t link = parents();
        H5Gclose(H5Gcreate2(file_, name.c_str(), link, H5P_DEFAULT, H5P_DEFAULT));
        H5Pclose(link);
    }
    /// Creates a data set, with the groups above it.
    hid_t create(const std::string& name, hid_t type, hid_t space, hid_t properties) {
        const hid_t link = parents();
        const hid_t set = H5Dcreate2(file_, name.c_str(), type, space, link, properties, H5P_DEFAULT);
        H5Pclose(link);
        REQUIRE(set >= 0);
        return set;
    }
    static hid_t make_space(const std::vector<hsize_t>& shape) {
        return shape.empty() ? H5Screate(H5S_SCALAR)
                             : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    }
    [[nodiscard]] hid_t id() const { return file_; }

private:
    static hid_t parents() {
        const hid_t link = H5Pcreate(H5P_LINK_CREATE);
        H5Pset_create_intermediate_group(link, 1);
        return link;
    }
    tephra::test::TemporaryPath folder_{"hdf5"};
    hid_t file_ = -1;
};

}  // namespace tephra::spiking::test
