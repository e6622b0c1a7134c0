#include "src/machine/state_dict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <system_error>

#include "alfi/error.hpp"
#include "kernels/choice_facts.hpp"
#include "src/configuration/names.hpp"
#include "src/engine/engine.hpp"
#include "src/formats/printable.hpp"
#include "src/model/model.hpp"
#include "src/model/parameters.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/atomic_file.hpp"
#include "src/system/folder.hpp"
#include "src/system/run_lock.hpp"

namespace alfi {
namespace {

const std::string first_weight = "x_data_agg.fc1_layer.weight";

void require_inference(const Plan& plan) {
  if (plan.minimises)
    throw InputError(
        fmt::format("simulator.name = {}: must be a simulator; the published code has no machine that "
                    "minimises",
                    plan.configuration.simulator.name));
  if (!is_built_in(plan.number))
    throw InputError(
        fmt::format("{} is a simulator of one's own, which the published code has not", plan.simulator.name));
  const Configuration& c = plan.configuration;
  if (!c.prior.empty() || c.parameters.space == Space::normal)
    throw InputError(
        "prior, parameters.space: must be left out; the published code has no other priors than each simulator's, and "
        "no normal scores");
  if (couples(c.proposal.family))
    throw InputError(fmt::format(
        "proposal.family = {}: must be gaussian, gaussian_fixed or point; the published code has no other families",
        name_of(c.proposal.family)));
}

std::optional<int> column_of(const Plan& plan) { return constant_column(plan.simulator.name, plan.shape.X); }

/// Tensors of other networks than these, and numbers that are none.
void require_own_and_finite(const SafeTensors& state_dict, const Layout& layout) {
  std::set<std::string> own;
  for (const auto& [layer, linear] : named_layers(layout)) own.insert({layer + ".weight", layer + ".bias"});
  for (const auto& [name, tensor] : state_dict.tensors) {
    if (!own.contains(name))
      throw InputError(fmt::format("{}: tensor {} is no weight of these networks", state_dict.source, printable(name)));
    const std::vector<double> values = tensor.to<double>();
    const auto wrong = std::ranges::find_if_not(values, [](double value) { return std::isfinite(value); });
    if (wrong != values.end())
      throw InputError(fmt::format("{}: tensor {}: number {} is {}, finite numbers are expected", state_dict.source,
                                   name, wrong - values.begin() + 1, *wrong));
  }
}

}  // namespace

std::optional<int> constant_column(const std::string& simulator, int X) {
  if (simulator == "linear_regression") return X - 1;
  return std::nullopt;
}

SafeTensors to_state_dict(const Layout& layout, std::span<const float> weights, std::optional<int> constant_column) {
  SafeTensors content;
  add_weights(content, "", layout, weights);
  if (constant_column) {
    const Linear& first = layout.encoder[0];
    std::vector<float> wider;
    for (int row = 0; row < first.out; ++row) {
      const auto ours =
          weights.subspan(static_cast<std::size_t>(first.weight + row * first.in), static_cast<std::size_t>(first.in));
      wider.insert(wider.end(), ours.begin(), ours.end());
      wider.insert(wider.end() - first.in + *constant_column, 0.0F);
    }
    content.tensors[first_weight] = Tensor::of<float>({first.out, first.in + 1}, wider);
  }
  return content;
}

std::vector<float> from_state_dict(const SafeTensors& state_dict, const Layout& layout,
                                   std::optional<int> constant_column) {
  SafeTensors ours = state_dict;
  if (constant_column) {
    const Linear& first = layout.encoder[0];
    const int width = first.in + 1;
    const std::vector<float> wider = state_dict.values<float>(first_weight, {first.out, width});
    std::vector<float> narrower;
    for (std::size_t i = 0; i < wider.size(); ++i)
      if (static_cast<int>(i) % width != *constant_column) narrower.push_back(wider[i]);
    ours.tensors[first_weight] = Tensor::of<float>({first.out, first.in}, narrower);
  }
  std::vector<float> weights = read_weights(ours, "", layout);
  require_own_and_finite(ours, layout);
  return weights;
}

SafeTensors export_weights(const Checkpoint& checkpoint) {
  const Plan& plan = checkpoint.plan;
  require_inference(plan);
  return to_state_dict(plan.layout, checkpoint.state.average, column_of(plan));
}

Checkpoint import_weights(const SafeTensors& state_dict, const Plan& plan) {
  require_inference(plan);
  Checkpoint checkpoint{plan, {}, {}, 0};
  TrainingState& state = checkpoint.state;
  state.weights = state.average = from_state_dict(state_dict, plan.layout, column_of(plan));
  state.first_moment.assign(state.weights.size(), 0.0F);
  state.second_moment.assign(state.weights.size(), 0.0F);
  checkpoint.normalisation = pilot_normalisation(plan);
  return checkpoint;
}

void write_run(const std::filesystem::path& run, const Checkpoint& checkpoint) try {
  const bool there = std::filesystem::exists(run);
  if (there && !std::filesystem::is_directory(run)) throw InputError(fmt::format("{}: is not a folder", run.string()));
  if (there && !std::filesystem::is_empty(run))
    throw InputError(fmt::format("{}: the folder is not empty, a new one is needed", run.string()));
  create_folders(run);
  const RunLock lock(run);
  try {
    const std::string yaml = to_yaml(checkpoint.plan.configuration);
    write_file_atomically(run / "config.yaml", std::as_bytes(std::span(yaml)));
    write_checkpoint(checkpoint_path(run, checkpoint.step), checkpoint);
  } catch (const std::exception&) {
    std::error_code ignored;
    for (const char* const name : {"config.yaml", "checkpoints"}) std::filesystem::remove_all(run / name, ignored);
    if (!there) std::filesystem::remove(run, ignored);
    throw;
  }
} catch (const std::filesystem::filesystem_error& error) {
  throw RunError(trouble_of(error));
}

}  // namespace alfi
