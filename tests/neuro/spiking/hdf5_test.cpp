#include "neuro/spiking/hdf5.hpp"

#include <limits>

#include "tests/neuro/spiking/hdf5_writer.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

namespace {

/// The member "x" of a file that `fill` makes, read by `read`; "" or the error.
template <typename Fill, typename Read>
std::string outcome(Fill fill, Read read) {
    Hdf5Writer writer;
    fill(writer);
    const auto group = Hdf5Group::open(writer.close());
    if (!group) return to_string(group.error());
    const auto result = read(*group);
    return result ? "" : to_string(result.error()).substr(writer.path().size());
}

const auto read_numbers = [](const Hdf5Group& group) { return group.numbers("x"); };

}  // namespace

TEST_CASE("groups, numbers and strings are read") {
    Hdf5Writer writer;
    writer.numbers("a/b/x", {2, 3}, {1, 2, 3, 4, 5, -0.5});
    writer.number("a/one", 7);
    writer.strings("a/names", {2, 1}, {"first", ""});
    writer.string("a/type", "LIF");
    const Hdf5Group root = Hdf5Group::open(writer.close()).value();
    CHECK(root.names().value() == std::vector<std::string>{"a"});
    const Hdf5Group a = root.group("a").value();
    CHECK(a.names().value() == std::vector<std::string>{"b", "names", "one", "type"});
    CHECK(a.group("b").value().numbers("x").value().shape == std::vector<std::int64_t>{2, 3});
    CHECK(a.group("b").value().numbers("x").value().values == std::vector<double>{1, 2, 3, 4, 5, -0.5});
    CHECK(a.number("one").value() == 7);
    CHECK(a.integer("one", 0, 7).value() == 7);
    CHECK(a.string("type").value() == "LIF");
    CHECK(a.strings("names").value().values == std::vector<std::string>{"first", ""});
    CHECK(a.has("b"));
    CHECK(a.has_group("b"));
    CHECK_FALSE(a.has_group("one"));
    for (const char* name : {"", ".", "..", "b/x", "/a", "none"}) CHECK_FALSE(a.has(name));
    CHECK(a.place("one").ends_with("net.h5#/a/one"));
}

TEST_CASE("integers of every width, booleans, fixed strings and packed data are read") {
    Hdf5Writer writer;
    const auto put = [&](const char* name, hid_t type, const void* data, hsize_t count,
                         hid_t properties = H5P_DEFAULT) {
        const hid_t space = Hdf5Writer::make_space({count});
        const hid_t set = writer.create(name, type, space, properties);
        REQUIRE(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
        H5Dclose(set);
        H5Sclose(space);
    };
    const std::vector<std::int8_t> bytes{-128, 127};
    const std::vector<std::uint64_t> large{0, std::uint64_t{1} << 53};
    const std::vector<float> floats{0.5F, -1.25F};
    put("bytes", H5T_NATIVE_INT8, bytes.data(), 2);
    put("large", H5T_NATIVE_UINT64, large.data(), 2);
    const hid_t packed = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunk = 2;
    H5Pset_chunk(packed, 1, &chunk);
    H5Pset_deflate(packed, 9);
    put("floats", H5T_NATIVE_FLOAT, floats.data(), 2, packed);
    H5Pclose(packed);
    const hid_t boolean = H5Tenum_create(H5T_NATIVE_INT8);
    std::int8_t value = 0;
    H5Tenum_insert(boolean, "FALSE", &value);
    value = 1;
    H5Tenum_insert(boolean, "TRUE", &value);
    put("flag", boolean, &value, 1);
    H5Tclose(boolean);
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, 6);
    H5Tset_strpad(text, H5T_STR_NULLPAD);
    put("text", text, "dense\0", 1);
    H5Tclose(text);
    const Hdf5Group root = Hdf5Group::open(writer.close()).value();
    CHECK(root.numbers("bytes").value().values == std::vector<double>{-128, 127});
    CHECK(root.numbers("large").value().values == std::vector<double>{0, 9007199254740992.0});
    CHECK(root.numbers("floats").value().values == std::vector<double>{0.5, -1.25});
    CHECK(root.integer("flag", 0, 1).value() == 1);
    CHECK(root.string("text").value() == "dense");
}

TEST_CASE("what is not what was asked for is refused with its place") {
    const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
    const auto number = [](double value) { return [value](Hdf5Writer& w) { w.number("x", value); }; };
    CHECK(outcome(number(1), read_numbers).empty());
    CHECK(outcome(number(nan), read_numbers).starts_with("#/x: value 0 is not finite"));
    CHECK(outcome(number(inf), read_numbers).starts_with("#/x: value 0 is not finite"));
    CHECK(outcome([](Hdf5Writer&) {}, read_numbers).starts_with("#/x: it is missing"));
    CHECK(outcome([](Hdf5Writer& w) { w.string("x", "1"); }, read_numbers)
              .starts_with("#/x: the data set holds no numbers"));
    CHECK(outcome([](Hdf5Writer& w) { w.group("x"); }, read_numbers).starts_with("#/x: it is no data set"));
    const auto read_string = [](const Hdf5Group& g) { return g.string("x"); };
    CHECK(outcome(number(1), read_string).starts_with("#/x: the data set holds no strings"));
    CHECK(outcome(
              [](Hdf5Writer& w) {
                  w.strings("x", {2}, {"a", "b"});
              },
              read_string)
              .starts_with("#/x: there are 2 strings"));
    const auto read_integer = [](const Hdf5Group& g) { return g.integer("x", -3, 5); };
    CHECK(outcome(number(5), read_integer).empty());
    for (const double bad : {5.5, 6.0, -4.0, 1e300}) CHECK_FALSE(outcome(number(bad), read_integer).empty());
    CHECK(outcome(
              [](Hdf5Writer& w) {
                  w.numbers("x", {2}, {1, 2});
              },
              read_integer)
              .starts_with("#/x: there are 2 numbers"));
    CHECK(outcome([](Hdf5Writer& w) { w.number("x", 1); }, [](const Hdf5Group& g) { return g.group("x"); })
              .starts_with("#/: there is no group \"x\""));
}

TEST_CASE("huge data sets, and those whose values stand in other files, are refused") {
    const auto made = [](const std::vector<hsize_t>& shape, bool external) {
        return [=](Hdf5Writer& writer) {
            const hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
            if (external)
                H5Pset_external(properties, "/etc/hostname", 0, H5F_UNLIMITED);
            else
                H5Pset_chunk(properties, static_cast<int>(shape.size()), std::vector<hsize_t>(shape.size(), 1).data());
            const hid_t space = Hdf5Writer::make_space(shape);
            H5Dclose(writer.create("x", H5T_NATIVE_DOUBLE, space, properties));
            H5Sclose(space);
            H5Pclose(properties);
        };
    };
    CHECK(outcome(made({1 << 13, (1 << 13) + 1}, false), read_numbers).starts_with("#/x: the data set is too large"));
    CHECK(outcome(made({std::size_t{1} << 40, std::size_t{1} << 40}, false), read_numbers)
              .starts_with("#/x: the data set is too large"));
    CHECK(outcome(made({2}, true), read_numbers).starts_with("#/x: the data set takes its values from other files"));
    CHECK(outcome([](Hdf5Writer& w) { H5Lcreate_external("other.h5", "/y", w.id(), "x", H5P_DEFAULT, H5P_DEFAULT); },
                  read_numbers)
              .starts_with("#/x: it is missing"));
}

TEST_CASE("files that are no HDF5 files, or are cut, are refused without a word on stderr") {
    CHECK(Hdf5Group::open("/nonexistent/x.nir").error().message == "the file can't be read");
    Hdf5Writer writer;
    writer.numbers("x", {1000}, std::vector<double>(1000, 1));
    const std::string good = read_file(writer.close()).value(), path = writer.path() + ".cut";
    int refused = 0;
    for (std::size_t size = 0; size < good.size(); size += 97) {
        REQUIRE(write_file(path, good.substr(0, size)));
        const auto group = Hdf5Group::open(path);
        if (!group || !group->numbers("x")) ++refused;
    }
    CHECK(refused == static_cast<int>((good.size() + 96) / 97));
    REQUIRE(write_file(path, "no HDF5"));
    CHECK(Hdf5Group::open(path).error().message == "the file is no HDF5 file");
}
