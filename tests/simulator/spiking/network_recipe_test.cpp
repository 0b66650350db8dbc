#include "simulator/spiking/network_recipe.hpp"

#include "mapper/machine.hpp"
#include "neuro/spiking/lower.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

Result<NetworkRecipe> read(const std::string& text) {
    const Json json = parse_json(text, "r").value();
    ObjectReader reader(json, "r#");
    auto recipe = read_network_recipe(reader);
    if (!recipe) return recipe;
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return recipe;
}

std::string recipe(const std::string& populations, const std::string& connections, const std::string& more = "") {
    return R"({"populations": [)" + populations + R"(], "connections": [)" + connections + "]" + more + "}";
}

std::string population(int neurons, int cores, const std::string& more = "") {
    return R"({"neurons": )" + std::to_string(neurons) + R"(, "program": "microcode", "share": 0.5, "cores": )" +
           std::to_string(cores) + more + "}";
}

const std::string kernel =
    R"({"from": 0, "to": 1, "synapses": "convolution", "x": 6, "y": 5, "channels": 2, "kernel": 3, "stride": 2, )"
    R"("output_channels": 4})";

Program lowered(const NetworkRecipe& recipe) {
    const auto network = make_network(recipe, 1);
    if (!network) FAIL(to_string(network.error()));
    return spiking::lower(*network, "n", hash128("n")).value();
}

}  // namespace

TEST_CASE("a network is made as its recipe says") {
    const auto made = read(recipe(population(60, 2, R"(, "message_bits": 16)") + "," + population(16, 1),
                                  kernel + R"(, {"from": 1, "to": 0, "synapses": "scattered", "fan_out": 3, "window": 9,
                                      "weight_bits": 4}, {"from": 0, "to": 0, "synapses": "one_to_one"},
                                      {"from": 1, "to": 1, "synapses": "dense"})"));
    if (!made) FAIL(to_string(made.error()));
    const auto network = make_network(*made, 0.5);
    if (!network) FAIL(to_string(network.error()));
    REQUIRE(network->layers().size() == 3);  // one of them is the silent one
    CHECK(network->layer(0).size() == 60);
    CHECK(network->layer(0).message_bits == 16);
    CHECK(network->layer(1).message_bits == 0);
    CHECK(network->layer(0).neurons->program() == NeuronProgram::microcode);
    REQUIRE(network->connections().size() == 4);
    const auto kind = [&](std::size_t k) { return network->connections()[k].synapses->kind(); };
    CHECK(kind(0) == "convolution");
    CHECK(kind(1) == "scattered");
    CHECK(network->connections()[1].synapses->weight_bits() == 4);
    CHECK(total_synops(*network->connections()[1].synapses) == 16 * 3);
    CHECK(kind(2) == "one_to_one");
    CHECK(kind(3) == "dense");
    std::vector<std::int32_t> messages(60);
    std::int64_t sent = 0;
    for (int round = 0; round < 100; ++round) {
        CHECK_FALSE(network->layer(0).neurons->fire({{0, 60}, round, {}, {}, messages}));
        sent += std::ranges::count(messages, 1);
    }
    CHECK(sent == Approx(0.25 * 6000).epsilon(0.1));
    CHECK_FALSE(make_network(*made, 2.5));
}

TEST_CASE("populations lie on the cores that a recipe names, spread over its chips") {
    const Machine machine = find_machine("alia-point").value();
    const auto made =
        read(recipe(population(10, 2) + "," + population(9, 3) + "," + population(5, 1, R"(, "first_core": 0)"), "",
                    R"(, "chips": 5)"));
    if (!made) FAIL(to_string(made.error()));
    const Program program = lowered(*made);
    const auto mapping = place_network(*made, program, machine);
    if (!mapping) FAIL(to_string(mapping.error()));
    CHECK(check_mapping(program, machine, *mapping).empty());
    const auto order = snake_order(machine);
    const auto core = [&](int chip) { return CoreId(order[static_cast<std::size_t>(chip)].value * 128); };
    CHECK(mapping->slices[1] == std::vector<Slice>{{core(0), 0, 5}, {core(1), 5, 10}});
    CHECK(mapping->slices[2] == std::vector<Slice>{{core(2), 0, 3}, {core(3), 3, 6}, {core(4), 6, 9}});
    CHECK(mapping->slices[3] == std::vector<Slice>{{core(0), 0, 5}});
    // As few chips as hold them: 121 cores, 120 of a chip can be used.
    const auto full = read(recipe(population(1000, 120) + "," + population(10, 1), ""));
    const auto two = place_network(*full, lowered(*full), machine);
    if (!two) FAIL(to_string(two.error()));
    CHECK(two->slices[2].front().core.value / 128 == order[1].value);
    for (const char* chips : {R"(, "chips": 33)", R"(, "chips": 1)"}) {
        const auto large = read(recipe(population(1000, 121), "", chips));
        const auto refused = place_network(*large, lowered(*large), machine);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::does_not_fit);
    }
}

TEST_CASE("layers lie where they were measured, one after the other") {
    const Machine machine = find_machine("kapoho-point").value();
    const auto made = read(recipe(population(10, 1) + "," + population(9, 1), ""));
    const Program program = lowered(*made);  // the silent neuron is its third layer
    const auto mapping = place_layers({3, 2, 1}, program, machine, "here");
    if (!mapping) FAIL(to_string(mapping.error()));
    CHECK(check_mapping(program, machine, *mapping).empty());
    CHECK(mapping->slices[1] == std::vector<Slice>{{CoreId(0), 0, 3}, {CoreId(1), 3, 6}, {CoreId(2), 6, 10}});
    CHECK(mapping->slices[2] == std::vector<Slice>{{CoreId(3), 0, 4}, {CoreId(4), 4, 9}});
    CHECK(mapping->slices[3] == std::vector<Slice>{{CoreId(5), 0, 1}});
    struct Case {
        std::vector<int> cores;
        ErrorCode code;
        std::string text;
    };
    for (const Case& c : {Case{{3, 2}, ErrorCode::bad_input, "2 numbers of cores for 3 layers"},
                          Case{{3, 0, 1}, ErrorCode::bad_input, "0 cores for the 9 neurons"},
                          Case{{11, 2, 1}, ErrorCode::does_not_fit, "11 cores for the 10 neurons"}}) {
        const auto refused = place_layers(c.cores, program, machine, "here");
        INFO(c.text);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == c.code);
        CHECK(refused.error().place == "here");
        CHECK(refused.error().message.find(c.text) != std::string::npos);
    }
    const auto large = read(recipe(population(1000, 1) + "," + population(1000, 1), ""));
    for (const int second : {260, 500}) {  // 961 cores take a ninth chip, 1,201 are more than there are
        const auto refused = place_layers({700, second, 1}, lowered(*large), machine, "here");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::does_not_fit);
        CHECK(refused.error().place == "here");
    }
}

TEST_CASE("a recipe that describes no network is refused with its place") {
    struct Case {
        std::string text, place;
    };
    const std::string two = population(60, 1) + "," + population(16, 1);
    for (const Case& c :
         {Case{recipe("", ""), "r#/populations"}, Case{recipe(population(0, 1), ""), "r#/populations/0/neurons"},
          Case{recipe(population(9, 1, R"(, "message_bits": 33)"), ""), "r#/populations/0/message_bits"},
          Case{recipe(population(9, 1, R"(, "first_core": -1)"), ""), "r#/populations/0/first_core"},
          Case{recipe(population(9, 1, R"(, "color": 1)"), ""), "r#/populations/0/color"},
          Case{recipe(two, R"({"from": 0, "to": 2, "synapses": "dense"})"), "r#/connections/0/to"},
          Case{recipe(two, R"({"from": 0, "to": 1, "synapses": "loose"})"), "r#/connections/0/synapses"},
          Case{recipe(two, R"({"from": 0, "to": 1, "synapses": "dense", "fan_out": 3})"), "r#/connections/0/fan_out"},
          Case{recipe(two, R"({"from": 0, "to": 1, "synapses": "scattered", "fan_out": 17})"),
               "r#/connections/0/fan_out"},
          Case{recipe(two, R"({"from": 0, "to": 1, "synapses": "convolution", "x": 6})"), "r#/connections/0/y"},
          Case{recipe(two, "", R"(, "chips": 0)"), "r#/chips"}}) {
        INFO(c.text);
        const auto refused = read(c.text);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::bad_input);
        CHECK(refused.error().place == c.place);
    }
    // A kernel whose output is not the target.
    const auto wrong = read(recipe(population(60, 1) + "," + population(17, 1), kernel));
    CHECK_FALSE(make_network(*wrong, 1));
    const auto narrow =
        read(recipe(two, R"({"from": 0, "to": 1, "synapses": "scattered", "fan_out": 5, "window": 4})"));
    CHECK_FALSE(make_network(*narrow, 1));
}
