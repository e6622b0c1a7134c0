// The configuration's keys, in one table that drives reading, writing, checking, documentation and suggestions.
//
// A key's row says its path, its kind (how its value is read, written and checked) and its meaning. Reading sets values
// and remembers where each came from; check() then judges the whole, so that a configuration built in code meets the
// same rules as one from a file.
#include "alfi/configuration.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "alfi/error.hpp"
#include "kernels/shape.hpp"
#include "src/configuration/names.hpp"
#include "src/configuration/nearest.hpp"
#include "src/configuration/reference_configuration.hpp"
#include "src/formats/yaml.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {
namespace {

std::span<const std::string_view> simulator_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const SimulatorInfo& info : simulators()) all.push_back(info.name);
    for (const ObjectiveInfo& info : objectives()) all.push_back(info.name);
    return all;
  }();
  return names;
}

template <typename Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// fmt's shortest text that reads back to the same double.
std::string shortest(double value) { return fmt::format("{}", value); }

// Kinds of value ------------------------------------------------------------------------------------------------------
// Each has: read(node, configuration), false where the node is not such a value; valid(configuration); emit(out,
// configuration); allowed(), which completes "must be ...".

// The member of a member ... of the configuration, as a type: at<&C::episode, &C::Episode::thetas>.
using C = Configuration;
template <auto... steps>
struct At {
  // clang-format off
  auto& operator()(auto& configuration) const { return (configuration .* ... .* steps); }
  // clang-format on
};
template <auto... steps>
constexpr At<steps...> at;

// How a kind reaches its value: at<...>, its type forgotten.
template <typename Value>
struct Member {
  Value& (*of)(Configuration&);
  const Value& (*in)(const Configuration&);
  template <auto... steps>
  constexpr Member(At<steps...>)
      : of([](Configuration& configuration) -> Value& { return at<steps...>(configuration); }),
        in([](const Configuration& configuration) -> const Value& { return at<steps...>(configuration); }) {}
};

// One of a list of names: of an enumeration, or of the simulators, whose name is itself the value.
struct Choice {
  std::span<const std::string_view> names;
  std::string (*name)(const Configuration&);
  void (*choose)(Configuration&, std::string_view);  // one of the names

  template <auto... steps>
  constexpr Choice(At<steps...>) {
    using Value = std::remove_cvref_t<std::invoke_result_t<At<steps...>, Configuration&>>;
    names = names_of<Value>;
    name = [](const Configuration& configuration) {
      const Value value = at<steps...>(configuration);
      const std::string_view known = name_of(value);
      return known.empty() ? std::to_string(static_cast<std::size_t>(value)) : std::string(known);
    };
    choose = [](Configuration& configuration, std::string_view chosen) {
      at<steps...>(configuration) = *choice_named<Value>(chosen);
    };
  }
  template <auto... steps>
  constexpr Choice(At<steps...>, std::span<const std::string_view> names_)
      : names(names_),
        name([](const Configuration& configuration) { return std::string(at<steps...>(configuration)); }),
        choose([](Configuration& configuration, std::string_view chosen) { at<steps...>(configuration) = chosen; }) {}

  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!node.IsScalar() || !contains(names, node.Scalar())) return false;
    choose(configuration, node.Scalar());
    return true;
  }
  bool valid(const Configuration& configuration) const { return contains(names, name(configuration)); }
  void emit(YAML::Emitter& out, const Configuration& configuration) const { out << name(configuration); }
  std::string allowed() const { return fmt::format("one of {}", fmt::join(names, ", ")); }
};

// A whole number with the reason for its limit; `zero` is the word for 0, where it has one.
struct Whole {
  Member<int> member;
  int least;
  int most;
  std::string_view reason;
  std::string_view zero = "";

  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!zero.empty() && node.IsScalar() && node.Scalar() == zero) {
      member.of(configuration) = 0;
      return true;
    }
    return read_number(node, member.of(configuration));
  }
  bool valid(const Configuration& configuration) const {
    return member.in(configuration) >= least && member.in(configuration) <= most;
  }
  void emit(YAML::Emitter& out, const Configuration& configuration) const {
    const int value = member.in(configuration);
    if (value == 0 && !zero.empty()) {
      out << std::string(zero);
    } else {
      out << value;
    }
  }
  std::string allowed() const {
    return fmt::format("{}{}a whole number from {} to {} ({})", zero, zero.empty() ? "" : " or ", least, most, reason);
  }
};

struct Seed {
  Member<std::uint64_t> member;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    return read_number(node, member.of(configuration));
  }
  bool valid(const Configuration&) const { return true; }
  void emit(YAML::Emitter& out, const Configuration& configuration) const { out << member.in(configuration); }
  std::string allowed() const {
    return fmt::format("a whole number from 0 to {}", std::numeric_limits<std::uint64_t>::max());
  }
};

enum class Ends { closed, open_below, open_above };

// A finite number between two ends.
struct Real {
  Member<double> member;
  double least;
  double most;
  Ends ends = Ends::closed;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    return read_number(node, member.of(configuration));
  }
  bool valid(const Configuration& configuration) const {  // false for NaN
    const double value = member.in(configuration);
    return (ends == Ends::open_below ? value > least : value >= least) &&
           (ends == Ends::open_above ? value < most : value <= most);
  }
  void emit(YAML::Emitter& out, const Configuration& configuration) const { out << shortest(member.in(configuration)); }
  std::string allowed() const {
    return fmt::format("a number {} {} and {} {}", ends == Ends::open_below ? "above" : "of at least", shortest(least),
                       ends == Ends::open_above ? "below" : "at most", shortest(most));
  }
};

struct Flag {
  Member<bool> member;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!is_plain(node)) return false;
    member.of(configuration) = node.Scalar() == "true";
    return node.Scalar() == "true" || node.Scalar() == "false";
  }
  bool valid(const Configuration&) const { return true; }
  void emit(YAML::Emitter& out, const Configuration& configuration) const { out << member.in(configuration); }
  std::string allowed() const { return "true or false"; }
};

// A whole number, or two as {min, max}.
struct Range {
  using Bounds = Configuration::Episode::RealObservations;
  Member<Bounds> member;
  int least;
  int most;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    Bounds& bounds = member.of(configuration);
    if (node.IsMap()) {
      // Exactly these two keys: of {min: 50} alone nobody can say what is meant.
      return node.size() == 2 && node["min"] && node["max"] && read_number(node["min"], bounds.min) &&
             read_number(node["max"], bounds.max);
    }
    const bool read = read_number(node, bounds.min);
    bounds.max = bounds.min;
    return read;
  }
  bool valid(const Configuration& configuration) const {
    const Bounds& bounds = member.in(configuration);
    return bounds.min >= least && bounds.min <= bounds.max && bounds.max <= most;
  }
  void emit(YAML::Emitter& out, const Configuration& configuration) const {
    const Bounds& bounds = member.in(configuration);
    if (bounds.min == bounds.max) {
      out << bounds.min;
    } else {
      out << YAML::Flow << YAML::BeginMap << "min" << bounds.min << "max" << bounds.max << YAML::EndMap;
    }
  }
  std::string allowed() const {
    return fmt::format("a whole number from {0} to {1}, or {{min: A, max: B}} with {0} <= A <= B <= {1}", least, most);
  }
};

// Names and finite numbers, whatever the names. Duplicates are found by the reader, which sees the line.
struct Numbers {
  Member<std::map<std::string, double>> member;

  bool read(const YAML::Node& node, Configuration& configuration) const {
    if (!node.IsMap()) return false;
    auto& numbers = member.of(configuration);
    return std::all_of(node.begin(), node.end(),
                       [&](const auto& pair) { return read_number(pair.second, numbers[pair.first.Scalar()]); });
  }
  bool valid(const Configuration& configuration) const {
    const auto& numbers = member.in(configuration);
    return std::all_of(numbers.begin(), numbers.end(), [](const auto& pair) { return std::isfinite(pair.second); });
  }
  void emit(YAML::Emitter& out, const Configuration& configuration) const {
    out << YAML::Flow << YAML::BeginMap;
    for (const auto& [name, value] : member.in(configuration)) out << name << shortest(value);
    out << YAML::EndMap;
  }
  std::string allowed() const { return "a mapping of names to numbers"; }
};

// The table -----------------------------------------------------------------------------------------------------------

struct Key {
  std::string_view path;
  std::variant<Choice, Whole, Seed, Real, Flag, Range, Numbers> kind;
  std::string_view meaning;
};

constexpr std::string_view width_reason = "every network must fit the fast memory of one core";
constexpr std::string_view set_reason = "an episode holds its whole set in memory";
constexpr std::string_view steps_reason = "counted in 32 bits";
constexpr int most_width = 4096;
constexpr int most_set = 1'000'000;
constexpr int most_iterations = 100'000;
constexpr int most_steps = 1'000'000'000;

// In the order of the struct and of the file. Keys of one section stand together.
const Key keys[] = {
    {"simulator.name", Choice{at<&C::simulator, &C::Simulator::name>, simulator_names()},
     "The simulator whose parameters are inferred, or the objective to minimise (quadratic); has no default."},
    {"simulator.parameters", Numbers{at<&C::simulator, &C::Simulator::parameters>},
     "Constants of the simulator: of linear_regression the number of inputs, such as {inputs: 3}; of quadratic "
     "{dimensions: 10}."},
    {"simulator.transform", Choice{at<&C::simulator, &C::Simulator::transform>},
     "Applied to the observations before they are standardised; sqrt is sqrt(x + 3/8)."},

    {"episode.iterations",
     Whole{at<&C::episode, &C::Episode::iterations>, 1, most_iterations,
           "every iteration's state is kept for the way back"},
     "Iterations T of one episode."},
    {"episode.thetas", Whole{at<&C::episode, &C::Episode::thetas>, 1, most_set, set_reason},
     "Parameters M drawn from the proposal per iteration; at least 2 unless the proposal is a point."},
    {"episode.observations", Whole{at<&C::episode, &C::Episode::observations>, 1, most_set, set_reason},
     "Observations N simulated per drawn parameter."},
    {"episode.real_observations", Range{at<&C::episode, &C::Episode::real_observations>, 1, most_set},
     "Real observations R of an episode, or the range from which each episode draws its R."},

    {"proposal.family", Choice{at<&C::proposal, &C::Proposal::family>},
     "What the machine moves: a mean and log sigma, a mean with the configured sigma, a point, or a mean and log sigma "
     "with what couples the parameters (correlations)."},
    {"proposal.start", Choice{at<&C::proposal, &C::Proposal::start>},
     "Start at the prior itself, or at a draw from it with the configured sigma."},
    {"proposal.sigma", Real{at<&C::proposal, &C::Proposal::sigma>, 0, 1000, Ends::open_below},
     "Standard deviation for start draw and family gaussian_fixed, in units of the prior's."},

    {"networks.encoder.hidden",
     Whole{at<&C::networks, &C::Networks::encoder, &C::Networks::Encoder::hidden>, 1, most_width, width_reason},
     "Width of the two hidden layers of the encoder of an observation."},
    {"networks.encoder.code",
     Whole{at<&C::networks, &C::Networks::encoder, &C::Networks::Encoder::code>, 1, most_width, width_reason},
     "Numbers C in the code of an observation."},
    {"networks.encoder.pooling", Choice{at<&C::networks, &C::Networks::encoder, &C::Networks::Encoder::pooling>},
     "How the codes of a set become one: their mean, or their mean and standard deviation."},
    {"networks.aggregator.hidden",
     Whole{at<&C::networks, &C::Networks::aggregator, &C::Networks::Aggregator::hidden>, 1, most_width, width_reason},
     "Width of the two hidden layers of the aggregator of a drawn parameter."},
    {"networks.aggregator.code",
     Whole{at<&C::networks, &C::Networks::aggregator, &C::Networks::Aggregator::code>, 1, most_width, width_reason},
     "Numbers A in the code of a drawn parameter."},
    {"networks.rim.hidden",
     Whole{at<&C::networks, &C::Networks::rim, &C::Networks::Rim::hidden>, 1, most_width, width_reason},
     "Width H of the layers around the recurrent cell."},
    {"networks.rim.state",
     Whole{at<&C::networks, &C::Networks::rim, &C::Networks::Rim::state>, 1, most_width, width_reason},
     "Width S of the recurrent state."},
    {"networks.rim.bound", Real{at<&C::networks, &C::Networks::rim, &C::Networks::Rim::bound>, -1000, 1000},
     "Largest update of one iteration; 0 or less switches update clamp off. iterations times it is how far log sigma "
     "can "
     "fall: of a posterior 1000 times narrower than the prior, 7."},
    {"networks.rim.update", Choice{at<&C::networks, &C::Networks::rim, &C::Networks::Rim::update>},
     "How an update is kept within the bound; tanh never kills the gradient."},
    {"networks.use_grad", Flag{at<&C::networks, &C::Networks::use_grad>},
     "Whether the aggregator sees the gradient of the proposal's log density."},

    {"training.steps", Whole{at<&C::training, &C::Training::steps>, 1, most_steps, steps_reason},
     "Updates of the weights."},
    {"training.meta_batch",
     Whole{at<&C::training, &C::Training::meta_batch>, 1, 10'000'000, "a step runs all its episodes"},
     "Episodes B per step."},
    {"training.problems",
     Whole{at<&C::training, &C::Training::problems>, 0, 100'000'000, "more repeat too rarely to matter", "fresh"},
     "New episodes at every step (fresh, or 0), or the number of fixed problems that are revisited."},
    {"training.loss", Choice{at<&C::training, &C::Training::loss>},
     "Negative log density of the truth, the same weighted by sigma^(2 beta), or a distance of the mean."},
    {"training.beta.from", Real{at<&C::training, &C::Training::beta, &C::Training::Beta::from>, 0, 1},
     "beta of beta_normal at the first step."},
    {"training.beta.to", Real{at<&C::training, &C::Training::beta, &C::Training::Beta::to>, 0, 1},
     "beta of beta_normal at the last step."},
    {"training.weights", Choice{at<&C::training, &C::Training::weights>},
     "Weight of each iteration's loss: growing, equal, the last only, or observed improvement."},
    {"training.learning_rate", Real{at<&C::training, &C::Training::learning_rate>, 0, 10, Ends::open_below},
     "Largest learning rate of Adam."},
    {"training.schedule", Choice{at<&C::training, &C::Training::schedule>},
     "The learning rate after the warm-up: falling to 0 as a cosine, or constant."},
    {"training.warmup_steps", Whole{at<&C::training, &C::Training::warmup_steps>, 0, most_steps, steps_reason},
     "Steps over which the learning rate first rises from 0."},
    {"training.clip_norm", Real{at<&C::training, &C::Training::clip_norm>, 0, 1e9},
     "Largest norm of the whole gradient; 0 is off."},
    {"training.ema", Real{at<&C::training, &C::Training::ema>, 0, 1, Ends::open_above},
     "Decay of the moving average of the weights used for evaluation; 0 is off."},
    {"training.checkpoint_every", Whole{at<&C::training, &C::Training::checkpoint_every>, 1, most_steps, steps_reason},
     "Steps between checkpoints."},
    {"training.validate_every", Whole{at<&C::training, &C::Training::validate_every>, 1, most_steps, steps_reason},
     "Steps between validations."},

    {"evaluation.episodes",
     Whole{at<&C::evaluation, &C::Evaluation::episodes>, 1, 10'000'000, "every episode's result is kept"},
     "Episodes of an evaluation."},
    {"evaluation.iterations",
     Whole{at<&C::evaluation, &C::Evaluation::iterations>, 0, most_iterations, "every iteration's estimate is kept"},
     "Iterations of an evaluation's episodes; 0 takes episode.iterations."},
    {"evaluation.replicates",
     Whole{at<&C::evaluation, &C::Evaluation::replicates>, 1, tile_lanes, "they are computed side by side"},
     "Rollouts of a problem, each with simulations of its own, that an answer combines, in infer too: 1, 2, 4, 8 or "
     "16."},

    {"engine.backend", Choice{at<&C::engine, &C::Engine::backend>},
     "Where the work runs; auto takes the GPU where there is one."},
    {"engine.precision", Choice{at<&C::engine, &C::Engine::precision>},
     "Arithmetic of the encoder's products; fp32 is the reference."},
    {"engine.encoder", Choice{at<&C::engine, &C::Engine::encoder>},
     "How the CPU gets an observation's code, all exact: dense runs the network on each; table keeps the codes of "
     "whole "
     "numbers; segments the network's linear pieces, for observations of one number. auto takes the cheapest."},
    {"engine.device", Whole{at<&C::engine, &C::Engine::device>, 0, 1023, "no machine has more"},
     "Which CUDA device, counting from 0."},
    {"engine.threads", Whole{at<&C::engine, &C::Engine::threads>, 0, 4096, "no machine has more cores"},
     "Threads of the CPU backend; 0 takes all cores."},
    {"engine.seed", Seed{at<&C::engine, &C::Engine::seed>},
     "Seed of every random number; the same seed gives the same result."},
};

// What says nothing of a machine that minimises: it has no observations and no density, and runs on the CPU. Keys, and
// sections with their dot.
constexpr std::string_view of_inference[] = {
    "simulator.transform", "episode.thetas",    "episode.observations",  "episode.real_observations",
    "proposal.",           "networks.encoder.", "networks.aggregator.",  "networks.use_grad",
    "training.loss",       "training.beta.",    "evaluation.replicates", "engine.precision",
    "engine.encoder",      "engine.device"};

bool applies(const Key& key, const Configuration& configuration) {
  return !minimises(configuration.simulator) ||
         std::none_of(std::begin(of_inference), std::end(of_inference), [&](std::string_view path) {
           return path.back() == '.' ? key.path.starts_with(path) : key.path == path;
         });
}

// Paths ---------------------------------------------------------------------------------------------------------------

const Key* find_key(std::string_view path) {
  const auto found = std::find_if(std::begin(keys), std::end(keys), [&](const Key& key) { return key.path == path; });
  return found == std::end(keys) ? nullptr : found;
}

// The root, "", holds every section.
bool is_section(std::string_view path) {
  return path.empty() || std::any_of(std::begin(keys), std::end(keys), [&](const Key& key) {
           return key.path.size() > path.size() && key.path.starts_with(path) && key.path[path.size()] == '.';
         });
}

std::vector<std::string_view> sections_of(std::string_view path) {
  std::vector<std::string_view> sections;
  for (std::size_t dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1)) {
    sections.push_back(path.substr(0, dot));
  }
  return sections;
}

std::string_view parent_of(std::string_view path) {
  return path.substr(0, path.find('.') == path.npos ? 0 : path.rfind('.'));
}

std::string_view own_name(std::string_view path) { return path.substr(path.rfind('.') + 1); }  // npos + 1 is 0

// By its own name, so that a key in the wrong section leads to the right one; at equal distance the same section wins.
std::string_view nearest_path(std::string_view unknown) {
  std::vector<std::string_view> paths;
  for (const Key& key : keys) {
    for (const std::string_view section : sections_of(key.path)) paths.push_back(section);
    paths.push_back(key.path);
  }
  const auto distance = [&](std::string_view path) {
    const std::size_t elsewhere = parent_of(path) == parent_of(unknown) ? 0 : 1;
    return std::tuple(edit_distance(own_name(path), own_name(unknown)) + elsewhere, elsewhere,
                      edit_distance(path, unknown));
  };
  return *std::min_element(paths.begin(), paths.end(),
                           [&](std::string_view a, std::string_view b) { return distance(a) < distance(b); });
}

// Checking ------------------------------------------------------------------------------------------------------------

// Where the values came from, as the beginning of an error message: "run.yaml:3: ".
struct Origins {
  std::string elsewhere;                     // of a key that was not given
  std::map<std::string, std::string> given;  // by path

  std::string of(std::string_view path) const {
    const auto found = given.find(std::string(path));
    return found == given.end() ? elsewhere : found->second;
  }
};

// The value as the file would have it.
std::string text_of(const Key& key, const Configuration& configuration) {
  YAML::Emitter out;
  std::visit([&](const auto& kind) { kind.emit(out, configuration); }, key.kind);
  return out.c_str();
}

std::string allowed(const Key& key) {
  return std::visit([](const auto& kind) { return kind.allowed(); }, key.kind);
}

InputError refusal(const std::string& origin, std::string_view path, std::string_view value, std::string_view must) {
  return InputError(fmt::format("{}{} = {}: must be {}", origin, path, value, must));
}

InputError refusal(const std::string& origin, const Key& key, const std::string& value) {
  std::string must = allowed(key);
  if (const Choice* choice = std::get_if<Choice>(&key.kind)) {
    must += fmt::format("; the nearest is {}", nearest(choice->names, value));
  }
  return refusal(origin, key.path, value, must);
}

void check(const Configuration& configuration, const Origins& origins) {
  if (configuration.simulator.name.empty()) {
    throw InputError(fmt::format("{}simulator.name is missing: must be {}", origins.of("simulator.name"),
                                 allowed(*find_key("simulator.name"))));
  }
  for (const Key& key : keys) {
    if (!std::visit([&](const auto& kind) { return kind.valid(configuration); }, key.kind)) {
      throw refusal(origins.of(key.path), key, text_of(key, configuration));
    }
  }

  const Configuration defaults;
  for (const Key& key : keys) {
    if (applies(key, configuration)) continue;
    const std::string value = text_of(key, configuration), usual = text_of(key, defaults);
    if (value != usual)
      throw refusal(origins.of(key.path), key.path, value,
                    fmt::format("left out, or {}: {} has no observations to infer from and runs on the CPU", usual,
                                configuration.simulator.name));
  }

  const auto require = [&](bool holds, std::string_view path, std::string_view must) {
    if (!holds) throw refusal(origins.of(path), path, text_of(*find_key(path), configuration), must);
  };
  const auto& [simulator, episode, proposal, networks, training, evaluation, engine] = configuration;
  const bool density = has_density(proposal.family);
  const std::string constants = refused_constants(simulator.name, simulator.parameters);
  require(constants.empty(), "simulator.parameters", constants);
  require(networks.rim.update != Update::tanh || networks.rim.bound > 0, "networks.rim.bound",
          "above 0 where networks.rim.update is tanh: an update is bound * tanh(x / bound)");
  if (minimises(simulator)) {
    require(engine.backend != Backend::cuda, "engine.backend",
            fmt::format("auto or cpu: {} runs on the CPU", simulator.name));
    return;
  }
  const SimulatorInfo known = find_simulator(simulator);
  const bool needs_nonnegative = simulator.transform == Transform::sqrt || simulator.transform == Transform::log1p;
  require(!needs_nonnegative || known.observations.low >= 0, "simulator.transform",
          fmt::format("none or asinh: observations of {} can be negative", simulator.name));
  require(tile_lanes % evaluation.replicates == 0, "evaluation.replicates",
          "1, 2, 4, 8 or 16: problems share the 16 lanes of a tile evenly");
  require(!density || episode.thetas >= 2, "episode.thetas",
          "at least 2 unless proposal.family is point: the aggregator standardises over the drawn parameters");
  require(density || !needs_density(training.loss), "training.loss",
          "mse or l1 where proposal.family is point: a point has no density");
  require(
      !weighs_by_deviation(training.loss) || learns_deviation(proposal.family), "training.loss",
      "normal, mse or l1 unless proposal.family is gaussian or gaussian_full: beta_normal weights by a learned sigma");
  const ObservationInfo& observations = known.observations;
  require(engine.encoder != Encoder::table || (observations.whole && observations.dimension == 1), "engine.encoder",
          fmt::format("auto, dense or segments: observations of {} are not single whole numbers", simulator.name));
  require(engine.encoder != Encoder::segments || observations.dimension == 1, "engine.encoder",
          fmt::format("auto or dense: an observation of {} is {} numbers", simulator.name, observations.dimension));
}

// Reading -------------------------------------------------------------------------------------------------------------

class Reader {
 public:
  Configuration configuration;
  std::vector<std::string> notes;

  // The file's name begins every message; empty for text that has none.
  explicit Reader(std::string file) : file_(std::move(file)) {
    if (!file_.empty()) origins_.elsewhere = file_ + ": ";
  }

  void read_text(const std::string& text) {
    const auto at_line = [this](int line) {
      return file_.empty() ? fmt::format("line {}: ", line) : fmt::format("{}:{}: ", file_, line);
    };
    const YAML::Node root = parse_yaml(text, origins_.elsewhere, at_line, "a configuration");
    if (is_reference_configuration(root)) {
      ReferenceTranslation translation = translate_reference_configuration(root, origins_.elsewhere, at_line);
      for (const auto& [path, value, origin] : translation.assignments)
        read(value, path, origin, [&line = origin](int) { return line; });
      notes = std::move(translation.notes);
    } else {
      read(root, "", origins_.elsewhere, at_line);
    }
  }

  void read_override(const std::string& assignment) {
    const std::string origin = fmt::format("override \"{}\": ", assignment);
    const auto at_line = [&](int) { return origin; };
    const std::size_t equals = assignment.find('=');
    if (equals == assignment.npos || equals == 0) throw InputError(origin + "must be section.key=value");
    const YAML::Node value = parse_yaml(assignment.substr(equals + 1), origin, at_line, "the value");
    read(value, assignment.substr(0, equals), origin, at_line);
  }

  void check() const { alfi::check(configuration, origins_); }

 private:
  // Reads the value or section at `path`; `origin` is where its key stands.
  void read(const YAML::Node& node, const std::string& path, const std::string& origin, const AtLine& at_line) {
    const Key* const key = find_key(path);
    if (key == nullptr && !is_section(path)) {
      throw InputError(fmt::format("{}{} = {}: unknown key; the nearest known key is {}", origin, path, shown(node),
                                   nearest_path(path)));
    }
    const auto child = [&](const std::string& name) { return path.empty() ? name : path + "." + name; };
    const auto bad_key = [&](const std::string& name, int line, std::string_view complaint) {
      return InputError(fmt::format("{}{}: {}", at_line(line), child(name), complaint));
    };
    if (key != nullptr) {
      origins_.given[path] = origin;
      if (node.IsMap())
        for_each_pair(
            node, [](const auto&...) {}, bad_key);
      if (!std::visit([&](const auto& kind) { return kind.read(node, configuration); }, key->kind)) {
        throw refusal(origin, *key, shown(node));
      }
    } else if (node.IsMap()) {
      for_each_pair(
          node,
          [&](const std::string& name, const YAML::Node& value, int line) {
            read(value, child(name), at_line(line), at_line);
          },
          bad_key);
    } else {
      throw refusal(origin, path.empty() ? "the configuration" : path, shown(node), "a mapping of keys to values");
    }
  }

  std::string file_;
  Origins origins_;
};

Configuration read_configuration(const std::string& file, const std::string& text,
                                 const std::vector<std::string>& overrides, std::vector<std::string>* notes) {
  Reader reader(file);
  reader.read_text(text);
  for (const std::string& assignment : overrides) reader.read_override(assignment);
  reader.check();
  if (notes != nullptr) *notes = std::move(reader.notes);
  return reader.configuration;
}

}  // namespace

Configuration load_configuration(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                                 std::vector<std::string>* notes) {
  // A configuration is a page of text: a larger file is something else, and /dev/zero has no end.
  constexpr std::size_t most_bytes = 1 << 20;
  std::ifstream in(file, std::ios::binary);
  std::string text(most_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) {
    throw InputError(fmt::format("{}: cannot be read, must be a file with a YAML configuration", file.string()));
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > most_bytes) {
    throw InputError(
        fmt::format("{}: is larger than {} bytes, must be a YAML configuration", file.string(), most_bytes));
  }
  return read_configuration(file.string(), text, overrides, notes);
}

Configuration parse_configuration(const std::string& yaml_text, const std::vector<std::string>& overrides) {
  return read_configuration("", yaml_text, overrides, nullptr);
}

std::string to_text(Precision precision) { return std::string(name_of(precision)); }
std::string to_text(Encoder encoder) { return std::string(name_of(encoder)); }

std::string to_yaml(const Configuration& configuration) {
  YAML::Emitter out;
  std::vector<std::string_view> open;
  out << YAML::BeginMap;
  const auto enter = [&](const std::vector<std::string_view>& sections) {
    const auto shared = std::mismatch(open.begin(), open.end(), sections.begin(), sections.end());
    for (auto left = shared.first; left != open.end(); ++left) out << YAML::EndMap;
    for (auto entered = shared.second; entered != sections.end(); ++entered) {
      out << std::string(own_name(*entered)) << YAML::BeginMap;
    }
    open = sections;
  };
  for (const Key& key : keys) {
    if (!applies(key, configuration)) continue;
    enter(sections_of(key.path));
    out << std::string(own_name(key.path));
    std::visit([&](const auto& kind) { kind.emit(out, configuration); }, key.kind);
  }
  enter({});
  out << YAML::EndMap << YAML::Newline;
  return out.c_str();
}

void validate(const Configuration& configuration) { check(configuration, Origins{}); }

std::string describe_configuration() {
  const Configuration defaults;
  std::string text;
  for (const Key& key : keys) {
    const std::string value = key.path == "simulator.name" ? "none, must be given" : text_of(key, defaults);
    text += fmt::format("{}\n    {}\n    {}; default: {}\n", key.path, key.meaning, allowed(key), value);
  }
  return text;
}

}  // namespace alfi
