#include "src/model/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alfi/error.hpp"
#include "src/formats/safetensors.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using testing::HasSubstr;

Checkpoint some_checkpoint() {
  Checkpoint checkpoint{test::small_configuration(), {{1.5F}, {0.25F}}, {}, 42};
  const Layout layout = Plan(checkpoint.plan.configuration).layout;
  TrainingState& state = checkpoint.state;
  state.weights = initial_weights(layout, 1);
  state.average = initial_weights(layout, 2);
  state.first_moment = initial_weights(layout, 3);
  state.second_moment = initial_weights(layout, 4);
  state.updates = 40;
  state.skipped = 2;
  return checkpoint;
}

/// Writes a checkpoint whose content `change` has altered.
template <class Change>
std::filesystem::path altered(const test::TemporaryFolder& folder, Change change) {
  const auto path = checkpoint_path(folder.path(), 42);
  write_checkpoint(path, some_checkpoint());
  SafeTensors content = read_checksummed(path);
  change(content);
  write_checksummed(path, content);
  return path;
}

TEST(Checkpoint, ComesBackAsItWas) {
  const test::TemporaryFolder folder;
  const auto path = checkpoint_path(folder.path(), 42);
  const Checkpoint written = some_checkpoint();
  write_checkpoint(path, written);
  const Checkpoint read = read_checkpoint(path);
  EXPECT_EQ(read.plan.configuration, written.plan.configuration);
  EXPECT_EQ(read.state, written.state);
  EXPECT_EQ(read.step, 42);
  EXPECT_EQ(read.normalisation.mean, written.normalisation.mean);
  EXPECT_EQ(read.normalisation.scale, written.normalisation.scale);
}

TEST(Checkpoint, HoldsWeightsUnderTheReferencesNames) {
  const test::TemporaryFolder folder;
  const auto path = checkpoint_path(folder.path(), 1);
  write_checkpoint(path, some_checkpoint());
  const SafeTensors content = read_safetensors(path);
  const SafeTensors reference = read_safetensors(ALFI_TEST_DATA "/poisson_networks.safetensors");
  for (const auto& [name, tensor] : reference.tensors) {
    if (!name.starts_with("param.")) continue;
    EXPECT_TRUE(content.tensors.contains(name.substr(6))) << name;
  }
}

TEST(Checkpoint, RefusesANewerVersion) {
  const test::TemporaryFolder folder;
  const auto path = altered(folder, [](SafeTensors& content) { content.metadata["version"] = "2"; });
  EXPECT_THAT(message_of<InputError>([&] { read_checkpoint(path); }), HasSubstr("version 2"));
}

TEST(Checkpoint, RefusesForeignFiles) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(read_checkpoint(ALFI_TEST_DATA "/poisson_networks.safetensors"), InputError);
  EXPECT_THROW(read_checkpoint(folder.path() / "none.safetensors"), InputError);
  const auto path = altered(folder, [](SafeTensors& content) { content.metadata.erase("format"); });
  EXPECT_THAT(message_of<InputError>([&] { read_checkpoint(path); }), HasSubstr("not a checkpoint"));
}

TEST(Checkpoint, NamesTheTensorThatDoesNotFit) {
  const test::TemporaryFolder folder;
  const auto missing = altered(folder, [](SafeTensors& content) { content.tensors.erase("rim.fc4_layer.bias"); });
  EXPECT_THAT(message_of<InputError>([&] { read_checkpoint(missing); }), HasSubstr("rim.fc4_layer.bias"));
  const auto reshaped = altered(folder, [](SafeTensors& content) {
    content.metadata["configuration"] = to_yaml([] {
      Configuration other = test::small_configuration();
      other.networks.rim.hidden = 9;
      return other;
    }());
  });
  EXPECT_THAT(message_of<InputError>([&] { read_checkpoint(reshaped); }), HasSubstr("rim."));
}

TEST(Checkpoint, ListsByStep) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(checkpoints_of(folder.path()).empty());
  for (const std::int64_t step : {900, 1000, 20})
    write_checkpoint(checkpoint_path(folder.path(), step), some_checkpoint());
  folder.write("checkpoints/step-x.safetensors", "not one");
  const auto paths = checkpoints_of(folder.path());
  ASSERT_EQ(paths.size(), 3U);
  EXPECT_EQ(paths.front().filename(), "step-20.safetensors");
  EXPECT_EQ(paths.back().filename(), "step-1000.safetensors");
}

}  // namespace
}  // namespace alfi
