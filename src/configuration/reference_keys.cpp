#include "src/configuration/reference_keys.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <vector>

#include "src/configuration/nearest.hpp"
#include "src/configuration/reference_classes.hpp"
#include "src/formats/yaml.hpp"

namespace alfi::reference {
namespace {

using namespace std::string_view_literals;

constexpr std::array model_names = {"ALFINet"sv};
constexpr std::array loss_names = {"normal"sv, "mse"sv, "l1"sv};
constexpr std::array weight_names = {"exp"sv, "const"sv, "last"sv, "oi"sv};

const Key table[] = {
    {"model", Kind::choice, Need::required, "", model_names},
    {"nb_threads", Kind::whole, Need::optional, "engine.threads"},
    {"simulator.name", Kind::choice, Need::required, "", simulator_names()},
    {"simulator.parameters", Kind::parameters},
    {"train.nb_epochs", Kind::whole},
    {"train.nb_iter", Kind::whole, Need::required, "episode.iterations"},
    {"train.nb_theta", Kind::whole, Need::required, "training.problems"},
    {"train.nb_x_per_theta", Kind::whole, Need::required, "episode.real_observations"},
    {"train.meta_batch_size", Kind::whole, Need::required, "training.meta_batch"},
    {"train.batch_size_x", Kind::whole, Need::required, "episode.observations"},
    {"train.batch_size_theta", Kind::whole, Need::required, "episode.thetas"},
    {"train.lr", Kind::real, Need::optional},
    {"train.save_every", Kind::whole},
    {"train.test_every", Kind::whole},
    {"train.loss", Kind::choice, Need::required, "training.loss", loss_names},
    {"train.weight", Kind::choice, Need::required, "training.weights", weight_names},
    {"test.nb_iter", Kind::whole, Need::optional, "evaluation.iterations"},
    {"test.nb_iter_alfi", Kind::whole, Need::optional, "evaluation.iterations"},
    {"test.nb_theta", Kind::whole, Need::required, "evaluation.episodes"},
    {"test.nb_x_per_theta", Kind::whole, Need::optional},
    {"test.meta_batch_size", Kind::whole, Need::ignored},
    {"test.batch_size_x", Kind::whole, Need::optional},
    {"test.batch_size_theta", Kind::whole, Need::optional},
    {"networks.use_grad", Kind::flag},
    {"networks.split_theta", Kind::flag, Need::ignored},
    {"networks.x_data_agg.hidden_size", Kind::whole, Need::required, "networks.encoder.hidden"},
    {"networks.x_data_agg.output_size", Kind::whole, Need::required, "networks.encoder.code"},
    {"networks.theta_data_agg.hidden_size", Kind::whole, Need::required, "networks.aggregator.hidden"},
    {"networks.theta_data_agg.output_size", Kind::whole, Need::required, "networks.aggregator.code"},
    {"networks.RIM.hidden_size", Kind::whole, Need::required, "networks.rim.hidden"},
    {"networks.RIM.st_size", Kind::whole, Need::required, "networks.rim.state"},
    {"networks.RIM.bounded", Kind::real, Need::required, "networks.rim.bound"},
    {"proposal.name", Kind::choice, Need::required, "", proposal_names},
    {"proposal.sigma", Kind::real, Need::optional},
    {"plot", Kind::anything, Need::ignored},
};

constexpr std::string_view sections[] = {
    "simulator",    "train",   "test", "networks", "networks.x_data_agg", "networks.theta_data_agg",
    "networks.RIM", "proposal"};

}  // namespace

const std::span<const Key> keys = table;

const Key* find_key(std::string_view path) {
  const auto found = std::find_if(std::begin(table), std::end(table), [&](const Key& key) { return key.path == path; });
  return found == std::end(table) ? nullptr : found;
}

bool is_section(std::string_view path) {
  return path.empty() || std::find(std::begin(sections), std::end(sections), path) != std::end(sections);
}

std::string_view nearest_path(std::string_view unknown) {
  std::vector<std::string_view> paths(std::begin(sections), std::end(sections));
  for (const Key& key : keys) paths.push_back(key.path);
  return nearest(paths, unknown);
}

std::string allowed(const Key& key) {
  switch (key.kind) {
    case Kind::choice:
      return fmt::format("{}{}", key.names.size() > 1 ? "one of " : "", fmt::join(key.names, ", "));
    case Kind::whole:
      return fmt::format("a whole number from 1 to {}", std::numeric_limits<int>::max());
    case Kind::real:
      return "a number";
    case Kind::flag:
      return "True or False";
    case Kind::parameters:
      return "a list or a mapping of the simulator's parameters";
    case Kind::anything:
      break;
  }
  return "anything";
}

bool is_allowed(const Key& key, const YAML::Node& node) {
  int whole = 0;
  double real = 0;
  bool flag = false;
  switch (key.kind) {
    case Kind::choice:
      return node.IsScalar() && std::ranges::find(key.names, node.Scalar()) != key.names.end();
    case Kind::whole:
      return read_number(node, whole) && whole >= 1;
    case Kind::real:
      return read_number(node, real);
    case Kind::flag:
      return is_plain(node) && YAML::convert<bool>::decode(node, flag);
    case Kind::parameters:
      return node.IsSequence() || node.IsMap();
    case Kind::anything:
      break;
  }
  return true;
}

}  // namespace alfi::reference
