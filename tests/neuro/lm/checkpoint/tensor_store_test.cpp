#include "neuro/lm/checkpoint/tensor_store.hpp"

#include "tests/neuro/lm/checkpoint/fake_checkpoint.hpp"

using namespace tephra;

namespace {

void write_index(const std::string& directory, const Json& weight_map) {
    REQUIRE(
        write_file(directory + "/model.safetensors.index.json", Json(Json::Object{{"weight_map", weight_map}}).dump()));
}

std::string one_tensor(const std::string& name) {
    return test::safetensors_file({{name, "F32", {2}, std::string(8, '\0')}});
}

}  // namespace

TEST_CASE("tensors are found by name and shape") {
    const test::TemporaryPath directory("store");
    std::filesystem::create_directories(directory.str());
    CHECK_THAT(TensorStore::open(directory.str()).error().message, test::contains("no weights here"));
    REQUIRE(write_file(directory.str() + "/model.safetensors", one_tensor("weight")));
    const auto store = TensorStore::open(directory.str());
    REQUIRE(store);
    CHECK(store->names() == std::vector<std::string>{"weight"});
    CHECK(store->find("weight", {2})->tensor->bytes == 8);
    CHECK(store->find("weigth", {2}).error().hint == "the nearest is \"weight\"");
    CHECK_THAT(store->find("weight", {1, 2}).error().message,
               test::contains("has shape [2], the configuration needs [1, 2]"));
}

TEST_CASE("a weights file and an index may both be there when they say the same") {
    const test::TemporaryPath directory("both");
    std::filesystem::create_directories(directory.str());
    REQUIRE(write_file(directory.str() + "/model.safetensors", one_tensor("old")));
    REQUIRE(write_file(directory.str() + "/part.safetensors", one_tensor("new")));
    write_index(directory.str(), Json::Object{{"new", "part.safetensors"}});
    const auto stale = TensorStore::open(directory.str());
    REQUIRE_FALSE(stale);
    CHECK_THAT(stale.error().message,
               test::contains("model.safetensors and model.safetensors.index.json are both here"));
    write_index(directory.str(), Json::Object{{"old", "model.safetensors"}});
    CHECK(TensorStore::open(directory.str()).value().has("old"));
    write_index(directory.str(), Json::Object{});
    CHECK_FALSE(TensorStore::open(directory.str()));
}

TEST_CASE("the place of a fault in an index is a JSON pointer") {
    const test::TemporaryPath directory("pointer");
    std::filesystem::create_directories(directory.str());
    REQUIRE(write_file(directory.str() + "/part.safetensors", one_tensor("w")));
    for (const Json& shard : {Json(7), Json("../part.safetensors"), Json("part.safetensors")}) {
        write_index(directory.str(), Json::Object{{"a/b~c", shard}});
        CHECK_THAT(TensorStore::open(directory.str()).error().place,
                   test::contains("model.safetensors.index.json#/weight_map/a~1b~0c"));
    }
}
