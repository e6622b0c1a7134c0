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
    {.path = "model", .kind = Kind::choice, .names = model_names},
    {.path = "nb_threads", .kind = Kind::whole, .need = Need::optional, .native = "engine.threads"},
    {.path = "simulator.name", .kind = Kind::choice, .names = simulator_names()},
    {.path = "simulator.parameters", .kind = Kind::parameters},
    {.path = "train.nb_epochs", .kind = Kind::whole},
    {.path = "train.nb_iter", .kind = Kind::whole, .native = "episode.iterations"},
    {.path = "train.nb_theta", .kind = Kind::whole, .native = "training.problems"},
    {.path = "train.nb_x_per_theta", .kind = Kind::whole, .native = "episode.real_observations"},
    {.path = "train.meta_batch_size", .kind = Kind::whole, .native = "training.meta_batch"},
    {.path = "train.batch_size_x", .kind = Kind::whole, .native = "episode.observations"},
    {.path = "train.batch_size_theta", .kind = Kind::whole, .native = "episode.thetas"},
    {.path = "train.lr", .kind = Kind::real, .need = Need::optional},
    {.path = "train.save_every", .kind = Kind::whole},
    {.path = "train.test_every", .kind = Kind::whole},
    {.path = "train.loss", .kind = Kind::choice, .native = "training.loss", .names = loss_names},
    {.path = "train.weight", .kind = Kind::choice, .native = "training.weights", .names = weight_names},
    {.path = "test.nb_iter", .kind = Kind::whole, .need = Need::optional, .native = "evaluation.iterations"},
    {.path = "test.nb_iter_alfi", .kind = Kind::whole, .need = Need::optional, .native = "evaluation.iterations"},
    {.path = "test.nb_theta", .kind = Kind::whole, .native = "evaluation.episodes"},
    {.path = "test.nb_x_per_theta", .kind = Kind::whole, .need = Need::optional},
    {.path = "test.meta_batch_size", .kind = Kind::whole, .need = Need::ignored},
    {.path = "test.batch_size_x", .kind = Kind::whole, .need = Need::optional},
    {.path = "test.batch_size_theta", .kind = Kind::whole, .need = Need::optional},
    {.path = "networks.use_grad", .kind = Kind::flag},
    {.path = "networks.split_theta", .kind = Kind::flag, .need = Need::ignored},
    {.path = "networks.x_data_agg.hidden_size", .kind = Kind::whole, .native = "networks.encoder.hidden"},
    {.path = "networks.x_data_agg.output_size", .kind = Kind::whole, .native = "networks.encoder.code"},
    {.path = "networks.theta_data_agg.hidden_size", .kind = Kind::whole, .native = "networks.aggregator.hidden"},
    {.path = "networks.theta_data_agg.output_size", .kind = Kind::whole, .native = "networks.aggregator.code"},
    {.path = "networks.RIM.hidden_size", .kind = Kind::whole, .native = "networks.rim.hidden"},
    {.path = "networks.RIM.st_size", .kind = Kind::whole, .native = "networks.rim.state"},
    {.path = "networks.RIM.bounded", .kind = Kind::real, .native = "networks.rim.bound"},
    {.path = "proposal.name", .kind = Kind::choice, .names = proposal_names},
    {.path = "proposal.sigma", .kind = Kind::real, .need = Need::optional},
    {.path = "plot", .kind = Kind::anything, .need = Need::ignored},
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

std::string nearest_path(std::string_view unknown) {
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
