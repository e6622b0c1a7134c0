#include "src/machine/state_dict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "alfi/error.hpp"
#include "alfi/machine.hpp"
#include "alfi/simulators.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/engine/engine.hpp"
#include "src/machine/replay.hpp"
#include "src/model/parameters.hpp"
#include "tests/support/message_of.hpp"
#include "tests/support/small_configuration.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

using test::message_of;
using test::small_configuration;
using ::testing::AllOf;
using ::testing::HasSubstr;

Layout layout_of(const Configuration& configuration) { return Plan(configuration).layout; }

/// Returns a checkpoint with random weights, others in the moving average.
Checkpoint some_checkpoint(const Configuration& configuration = small_configuration()) {
  Checkpoint checkpoint{configuration, pilot_normalisation(configuration), initial_state(layout_of(configuration), 1),
                        9};
  checkpoint.state.average = initial_weights(layout_of(configuration), 2);
  return checkpoint;
}

SafeTensors reread(const SafeTensors& content) { return parse_safetensors(serialize(content), "memory"); }

TEST(StateDict, HasTheReferencesTensorsAndNothingElse) {
  const Checkpoint checkpoint = some_checkpoint();
  const SafeTensors state_dict = export_weights(checkpoint);
  const SafeTensors reference = read_safetensors(ALFI_TEST_DATA "/poisson_networks.safetensors");
  std::size_t parameters = 0;
  for (const auto& [name, tensor] : reference.tensors) {
    if (!name.starts_with("param.")) continue;
    ++parameters;
    ASSERT_TRUE(state_dict.tensors.contains(name.substr(6))) << name;
    EXPECT_EQ(state_dict.at(name.substr(6)).dtype, "F32");
    EXPECT_EQ(state_dict.at(name.substr(6)).shape.size(), tensor.shape.size()) << name;
  }
  EXPECT_EQ(state_dict.tensors.size(), parameters);
  EXPECT_TRUE(state_dict.metadata.empty());
}

TEST(StateDict, ComesBackBitForBit) {
  for (const SimulatorInfo& simulator : simulators()) {
    SCOPED_TRACE(simulator.name);
    const Checkpoint exported = some_checkpoint(small_configuration(simulator.name));
    const SafeTensors state_dict = reread(export_weights(exported));
    const Checkpoint imported = import_weights(state_dict, exported.plan.configuration);
    // The moving average, with which the machine answers.
    EXPECT_EQ(imported.state.average, exported.state.average);
    EXPECT_EQ(imported.state.weights, exported.state.average);
    EXPECT_EQ(imported.state.updates, 0);
    EXPECT_EQ(imported.step, 0);
    EXPECT_EQ(imported.state.first_moment, std::vector<float>(exported.state.average.size(), 0.0F));
    EXPECT_EQ(imported.state.second_moment, imported.state.first_moment);
    EXPECT_EQ(imported.plan.configuration, exported.plan.configuration);
    EXPECT_EQ(imported.normalisation.mean, exported.normalisation.mean);
    EXPECT_EQ(imported.normalisation.scale, exported.normalisation.scale);
    EXPECT_EQ(serialize(export_weights(imported)), serialize(state_dict));
  }
}

/// Returns a recorded run's weights as the reference would save them.
SafeTensors weights_of(const SafeTensors& tape) {
  SafeTensors state_dict;
  for (const auto& [name, tensor] : tape.tensors)
    if (name.starts_with("param.")) state_dict.tensors[name.substr(6)] = tensor;
  return state_dict;
}

Configuration configuration_of(const std::string& simulator) {
  return load_configuration(std::filesystem::path(ALFI_EXAMPLES) / "paper" / (simulator + ".yaml"));
}

// The recorded runs have the published networks. Their weights, imported, exported and put back, must lead to what was
// recorded, within what a float32 engine is asked for.
TEST(StateDict, RecordedWeightsLeadToTheRecordedAnswers) {
  for (const char* const name : {"poisson", "weinberg"}) {
    SCOPED_TRACE(name);
    const SafeTensors tape = read_safetensors(std::string(ALFI_TEST_DATA "/") + name + "_networks.safetensors");
    EXPECT_EQ(tape.at("param.rim.fc0_layer.weight").dtype, "F64");
    const SafeTensors out = export_weights(import_weights(weights_of(tape), configuration_of(name)));
    SafeTensors again = tape;
    for (const auto& [tensor, value] : out.tensors) again.tensors["param." + tensor] = value;
    HostProcessor processor(1);
    const std::vector<double> psi = replay(again, processor).at("psi").to<double>();
    const std::vector<double> recorded = tape.at("psi").to<double>();
    ASSERT_EQ(psi.size(), recorded.size());
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < psi.size(); ++i) {
      difference += (psi[i] - recorded[i]) * (psi[i] - recorded[i]);
      size += recorded[i] * recorded[i];
    }
    EXPECT_LE(std::sqrt(difference / size), 1e-5);
  }
}

// Linear regression -------------------------------------------------------------------------------------------------

/// Returns the layout of networks of `columns` numbers in an observation; gaussian's, which has one, otherwise.
Layout layout_for(int columns) {
  Shape shape = Plan(small_configuration("gaussian")).shape;
  shape.X = columns;
  return make_layout(shape);
}

TEST(StateDict, TheConstantColumnIsLeftOutAndComesBackAsZeros) {
  EXPECT_EQ(constant_column("linear_regression", 4), 3);  // (u1, u2, u3, y) there is (u1, u2, u3, 1, y)
  EXPECT_EQ(constant_column("poisson", 1), std::nullopt);
  const Layout ours = layout_for(4), theirs = layout_for(5);
  const std::vector<float> weights = initial_weights(theirs, 3);
  SafeTensors state_dict;
  add_weights(state_dict, "", theirs, weights);
  const std::vector<float> imported = from_state_dict(state_dict, ours, 3);
  const int h = ours.encoder[0].out;
  const auto at = [](const std::vector<float>& all, const Linear& linear, int row, int column) {
    return all[static_cast<std::size_t>(linear.weight + row * linear.in + column)];
  };
  for (int row = 0; row < h; ++row) {
    for (const int column : {0, 1, 2})
      EXPECT_EQ(at(imported, ours.encoder[0], row, column), at(weights, theirs.encoder[0], row, column));
    EXPECT_EQ(at(imported, ours.encoder[0], row, 3), at(weights, theirs.encoder[0], row, 4));
  }
  const SafeTensors exported = to_state_dict(ours, imported, 3);
  for (const auto& [name, tensor] : exported.tensors) {
    if (name == "x_data_agg.fc1_layer.weight") {
      const std::vector<float> wide = exported.values<float>(name, {h, 5}),
                               before = state_dict.values<float>(name, {h, 5});
      for (std::size_t i = 0; i < wide.size(); ++i) EXPECT_EQ(wide[i], i % 5 == 3 ? 0.0F : before[i]) << i;
    } else {
      EXPECT_EQ(tensor, state_dict.at(name)) << name;
    }
  }
  EXPECT_EQ(from_state_dict(reread(exported), ours, 3), imported);
  // Weights for our observations alone are not the reference's.
  EXPECT_THAT(message_of<InputError>([&] { from_state_dict(to_state_dict(ours, imported, std::nullopt), ours, 3); }),
              AllOf(HasSubstr("x_data_agg.fc1_layer.weight"), HasSubstr("(7, 4)"), HasSubstr("(7, 5) is expected")));
}

TEST(StateDict, TheConstantColumnMayHoldAnyFiniteNumbers) {
  const Layout ours = layout_for(2);
  SafeTensors state_dict = to_state_dict(ours, initial_weights(ours, 1), 1);
  const std::string name = "x_data_agg.fc1_layer.weight";
  std::vector<float> wide = state_dict.at(name).to<float>();
  wide[1] = 1e9F;
  state_dict.tensors[name] = Tensor::of<float>(state_dict.at(name).shape, wide);
  EXPECT_EQ(from_state_dict(state_dict, ours, 1), initial_weights(ours, 1));
}

// Weights that do not fit ---------------------------------------------------------------------------------------------

std::string refusal_of(const std::function<void(SafeTensors&)>& change) {
  SafeTensors state_dict = export_weights(some_checkpoint());
  state_dict.source = "weights.safetensors";
  change(state_dict);
  return message_of<InputError>([&] { import_weights(state_dict, small_configuration()); });
}

TEST(StateDict, NamesTheTensorThatDoesNotFit) {
  EXPECT_THAT(refusal_of([](SafeTensors& s) { s.tensors.erase("rim.fc4_layer.bias"); }),
              AllOf(HasSubstr("weights.safetensors"), HasSubstr("'rim.fc4_layer.bias' is missing, shape (2)")));
  EXPECT_THAT(
      refusal_of([](SafeTensors& s) { s.tensors["rim.fc4_layer.bias"] = Tensor::of<float>({1}, std::vector{1.F}); }),
      AllOf(HasSubstr("'rim.fc4_layer.bias' has shape (1)"), HasSubstr("(2) is expected")));
  EXPECT_THAT(refusal_of([](SafeTensors& s) {
                Tensor& tensor = s.tensors.at("theta_data_agg.fc1_layer.weight");
                std::swap(tensor.shape[0], tensor.shape[1]);
              }),
              AllOf(HasSubstr("theta_data_agg.fc1_layer.weight"), HasSubstr("(11, 5)"), HasSubstr("(5, 11)")));
  EXPECT_THAT(refusal_of([](SafeTensors& s) {
                s.tensors["rim.fc4_layer.bias"] = Tensor::of<std::int64_t>({2}, std::vector<std::int64_t>{1, 2});
              }),
              AllOf(HasSubstr("rim.fc4_layer.bias"), HasSubstr("I64"), HasSubstr("F32 or F64")));
  EXPECT_THAT(
      refusal_of([](SafeTensors& s) { s.tensors["rim.fc5_layer.bias"] = Tensor::of<float>({1}, std::vector{1.F}); }),
      HasSubstr("'rim.fc5_layer.bias' is no weight of these networks"));
  for (const double wrong : {std::nan(""), std::numeric_limits<double>::infinity()})
    EXPECT_THAT(refusal_of([&](SafeTensors& s) {
                  s.tensors["rim.fc4_layer.bias"] = Tensor::of<double>({2}, std::vector{1., wrong});
                }),
                AllOf(HasSubstr("rim.fc4_layer.bias"), HasSubstr("number 2"), HasSubstr("finite")));
  EXPECT_THAT(refusal_of([](SafeTensors& s) {
                s.tensors["rim.fc4_layer.bias"] = Tensor::of<double>({2}, std::vector{1., 1e60});
              }),
              AllOf(HasSubstr("rim.fc4_layer.bias"), HasSubstr("too large")));
  EXPECT_THAT(refusal_of([](SafeTensors& s) { s.tensors.clear(); }), HasSubstr("is missing"));
}

// A run folder -----------------------------------------------------------------------------------------------------

TEST(StateDict, AnImportIsARun) {
  const test::TemporaryFolder folder;
  const Checkpoint checkpoint = import_weights(export_weights(some_checkpoint()), small_configuration());
  const auto run = folder.path() / "deep" / "run";
  write_run(run, checkpoint);
  EXPECT_EQ(load_configuration(run / "config.yaml"), checkpoint.plan.configuration);
  const auto saved = checkpoints_of(run);
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(read_checkpoint(saved[0]).state, checkpoint.state);
  EXPECT_EQ(Machine::load(run).step(), 0);
}

TEST(StateDict, AnImportOverwritesNothing) {
  const test::TemporaryFolder folder;
  const Checkpoint checkpoint = import_weights(export_weights(some_checkpoint()), small_configuration());
  folder.write("notes.txt", std::string_view("precious"));
  EXPECT_THAT(message_of<InputError>([&] { write_run(folder.path(), checkpoint); }), HasSubstr("not empty"));
  EXPECT_THAT(message_of<InputError>([&] { write_run(folder.path() / "notes.txt", checkpoint); }),
              HasSubstr("is not a folder"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "config.yaml"));
  std::filesystem::create_directory(folder.path() / "empty");
  write_run(folder.path() / "empty", checkpoint);
  EXPECT_THROW(write_run(folder.path() / "empty", checkpoint), InputError);
  EXPECT_THROW(write_run(folder.path() / "notes.txt" / "run", checkpoint), RunError);
}

}  // namespace
}  // namespace alfi
