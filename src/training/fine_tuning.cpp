#include "src/training/fine_tuning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alfi/error.hpp"
#include "src/configuration/differences.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {
namespace {

using configuration::Difference;
using configuration::differences;

// Keys that give the networks their shapes; the number of parameters and of numbers in an observation do, too.
constexpr std::string_view of_shapes[] = {
    "proposal.family",          "networks.encoder.hidden",    "networks.encoder.code",
    "networks.encoder.pooling", "networks.aggregator.hidden", "networks.aggregator.code",
    "networks.rim.hidden",      "networks.rim.state",         "networks.use_grad"};

/// Throws InputError where a run's weights are of networks with other shapes.
void require_fit(const std::filesystem::path& from, const Plan& plan, const Plan& run) {
  const auto refuse = [&](const std::string& why) {
    throw InputError(fmt::format("{}: its weights do not fit: {}", from.string(), why));
  };
  std::vector<Difference> shapes = differences(plan.configuration, run.configuration), simulators = shapes;
  std::erase_if(simulators, [](const Difference& one) { return !one.path.starts_with("simulator."); });
  const std::string by_simulator = text_of(simulators);
  if (plan.minimises != run.minimises) refuse(by_simulator + ": one infers, the other minimises");
  std::erase_if(shapes,
                [](const Difference& one) { return std::ranges::find(of_shapes, one.path) == std::end(of_shapes); });
  if (!shapes.empty()) refuse(text_of(shapes));
  if (plan.shape.D != run.shape.D)
    refuse(fmt::format("{}: {} parameters instead of {}", by_simulator, plan.shape.D, run.shape.D));
  if (plan.shape.X != run.shape.X)
    refuse(fmt::format("{}: observations of {} numbers instead of {}", by_simulator, plan.shape.X, run.shape.X));
  if (plan.shape.count_input != run.shape.count_input)
    refuse(fmt::format("episode.real_observations must be {}: networks of a range see the number, too",
                       run.shape.count_input ? "a range, as the run's is" : "one number, as the run's is"));
}

}  // namespace

Checkpoint start_from(const std::filesystem::path& from, const Plan& plan,
                      const std::function<Normalisation()>& normalisation) {
  Checkpoint source = read_newest_of(from);
  const Configuration &own = plan.configuration, &other = source.plan.configuration;
  require_fit(from, plan, source.plan);
  const bool sees_alike = simulator_name(own.simulator) == simulator_name(other.simulator) &&
                          own.simulator.transform == other.simulator.transform;
  TrainingState state;
  state.weights = state.average = std::move(source.state.average);
  state.first_moment.assign(state.weights.size(), 0.0F);
  state.second_moment.assign(state.weights.size(), 0.0F);
  return {.plan = plan,
          .normalisation = sees_alike ? std::move(source.normalisation) : normalisation(),
          .state = std::move(state),
          .step = 0};
}

}  // namespace alfi
