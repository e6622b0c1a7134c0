#include "src/configuration/keys.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <variant>

#include "kernels/shape.hpp"
#include "src/configuration/nearest.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::configuration {
namespace {

std::vector<std::string_view> simulator_names() {
  std::vector<std::string_view> all;
  for (const SimulatorInfo& info : simulators()) all.push_back(info.name);
  for (const ObjectiveInfo& info : objectives()) all.push_back(info.name);
  for (const std::string_view name : registered_simulators()) all.push_back(name);
  return all;
}

constexpr std::string_view width_reason = "every network must fit the fast memory of one core";
constexpr std::string_view set_reason = "an episode holds its whole set in memory";
constexpr std::string_view steps_reason = "counted in 32 bits";
constexpr int most_width = 4096;
constexpr int most_set = 1'000'000;
constexpr int most_iterations = 100'000;
constexpr int most_steps = 1'000'000'000;

const Key table[] = {
    {"simulator.name", Choice{at<&C::simulator, &C::Simulator::name>, simulator_names},
     "The simulator whose parameters are inferred, or the objective to minimise (quadratic); has no default."},
    {"simulator.source", Path{at<&C::simulator, &C::Simulator::source>},
     "Instead of a name: the C++ header of a simulator of one's own, compiled where it was not before."},
    {"simulator.module", Path{at<&C::simulator, &C::Simulator::module>},
     "Instead of a name: such a header compiled beforehand (alfi simulator build)."},
    {"simulator.program", Words{at<&C::simulator, &C::Simulator::program>},
     "Instead of a name: a program that stays alive and answers over pipes. A word that is a file beside the "
     "configuration is found there."},
    {"simulator.workers",
     Whole{.member = at<&C::simulator, &C::Simulator::workers>,
           .least = 1,
           .most = 1024,
           .reason = "each is a process of the program"},
     "How often the program is started, to be asked side by side."},
    {"simulator.timeout_seconds",
     Real{.member = at<&C::simulator, &C::Simulator::timeout_seconds>,
          .least = 0,
          .most = 1e6,
          .ends = Ends::open_below},
     "Seconds that the program may be silent for before it is started anew."},
    {"simulator.protocol", Choice{at<&C::simulator, &C::Simulator::protocol>},
     "How the program is asked and answers: frames are a line of JSON and 32-bit numbers, csv is lines of text."},
    {"simulator.parameters", SimulatorParameters{},
     "Constants of the simulator: of a header those it declares; of linear_regression the number of inputs, such as "
     "{inputs: 3}; of quadratic {dimensions: 10}. Of a program its parameters, in the order it gets them: [{name: "
     "rate, unit: 1/s, prior: "
     "{log_uniform: [0.01, 10]}}]."},
    {"simulator.observations.dimension",
     Whole{.member = at<&C::simulator, &C::Simulator::observations, &ObservationInfo::dimension>,
           .least = 1,
           .most = most_width,
           .reason = width_reason},
     "Numbers in an observation of the program."},
    {"simulator.observations.low",
     Real{.member = at<&C::simulator, &C::Simulator::observations, &ObservationInfo::low>,
          .least = -infinity,
          .most = infinity},
     "Least number in an observation of the program."},
    {"simulator.observations.high",
     Real{.member = at<&C::simulator, &C::Simulator::observations, &ObservationInfo::high>,
          .least = -infinity,
          .most = infinity},
     "Greatest number in an observation of the program."},
    {"simulator.observations.whole", Flag{at<&C::simulator, &C::Simulator::observations, &ObservationInfo::whole>},
     "Whether the numbers are whole."},
    {"simulator.observations.meaning", Text{at<&C::simulator, &C::Simulator::observations, &ObservationInfo::meaning>},
     "What an observation is, a plural noun such as waiting times."},
    {"simulator.transform", Choice{at<&C::simulator, &C::Simulator::transform>},
     "Applied to the observations before they are standardised; sqrt is sqrt(x + 3/8)."},
    {"prior", Priors{at<&C::prior>},
     "Priors of parameters, by name, that are to be others than the simulator's own, such as {log_rate: {uniform: [0, "
     "5]}}."},
    {"parameters.space", Choice{at<&C::parameters, &C::Parameters::space>},
     "What the machine works on: natural is a parameter itself, standardised; normal its normal score, so that no "
     "proposal leaves the prior. auto is natural for a uniform or normal prior, else normal."},

    {"episode.iterations",
     Whole{.member = at<&C::episode, &C::Episode::iterations>,
           .least = 1,
           .most = most_iterations,
           .reason = "every iteration's state is kept for the way back"},
     "Iterations T of one episode."},
    {"episode.thetas",
     Whole{.member = at<&C::episode, &C::Episode::thetas>, .least = 1, .most = most_set, .reason = set_reason},
     "Parameters M drawn from the proposal per iteration; at least 2 unless the proposal is a point."},
    {"episode.observations",
     Whole{.member = at<&C::episode, &C::Episode::observations>, .least = 1, .most = most_set, .reason = set_reason},
     "Observations N simulated per drawn parameter."},
    {"episode.real_observations", Range{at<&C::episode, &C::Episode::real_observations>, 1, most_set},
     "Real observations R of an episode, or the range from which each episode draws its R."},

    {"proposal.family", Choice{at<&C::proposal, &C::Proposal::family>},
     "What the machine moves: a mean and log sigma, a mean with the configured sigma, a point, or a mean and log sigma "
     "with what couples the parameters (correlations)."},
    {"proposal.start", Choice{at<&C::proposal, &C::Proposal::start>},
     "Start at the prior itself, or at a draw from it with the configured sigma."},
    {"proposal.sigma",
     Real{.member = at<&C::proposal, &C::Proposal::sigma>, .least = 0, .most = 1000, .ends = Ends::open_below},
     "Standard deviation for start draw and family gaussian_fixed, in units of the prior's."},

    {"networks.encoder.hidden",
     Whole{.member = at<&C::networks, &C::Networks::encoder, &C::Networks::Encoder::hidden>,
           .least = 1,
           .most = most_width,
           .reason = width_reason},
     "Width of the two hidden layers of the encoder of an observation."},
    {"networks.encoder.code",
     Whole{.member = at<&C::networks, &C::Networks::encoder, &C::Networks::Encoder::code>,
           .least = 1,
           .most = most_width,
           .reason = width_reason},
     "Numbers C in the code of an observation."},
    {"networks.encoder.pooling", Choice{at<&C::networks, &C::Networks::encoder, &C::Networks::Encoder::pooling>},
     "How the codes of a set become one: their mean, or their mean and standard deviation."},
    {"networks.aggregator.hidden",
     Whole{.member = at<&C::networks, &C::Networks::aggregator, &C::Networks::Aggregator::hidden>,
           .least = 1,
           .most = most_width,
           .reason = width_reason},
     "Width of the two hidden layers of the aggregator of a drawn parameter."},
    {"networks.aggregator.code",
     Whole{.member = at<&C::networks, &C::Networks::aggregator, &C::Networks::Aggregator::code>,
           .least = 1,
           .most = most_width,
           .reason = width_reason},
     "Numbers A in the code of a drawn parameter."},
    {"networks.rim.hidden",
     Whole{.member = at<&C::networks, &C::Networks::rim, &C::Networks::Rim::hidden>,
           .least = 1,
           .most = most_width,
           .reason = width_reason},
     "Width H of the layers around the recurrent cell."},
    {"networks.rim.state",
     Whole{.member = at<&C::networks, &C::Networks::rim, &C::Networks::Rim::state>,
           .least = 1,
           .most = most_width,
           .reason = width_reason},
     "Width S of the recurrent state."},
    {"networks.rim.bound",
     Real{.member = at<&C::networks, &C::Networks::rim, &C::Networks::Rim::bound>, .least = -1000, .most = 1000},
     "Largest update of one iteration; 0 or less switches update clamp off. iterations times it is how far log sigma "
     "can "
     "fall: of a posterior 1000 times narrower than the prior, 7."},
    {"networks.rim.update", Choice{at<&C::networks, &C::Networks::rim, &C::Networks::Rim::update>},
     "How an update is kept within the bound; tanh never kills the gradient."},
    {"networks.use_grad", Flag{at<&C::networks, &C::Networks::use_grad>},
     "Whether the aggregator sees the gradient of the proposal's log density."},

    {"training.steps",
     Whole{.member = at<&C::training, &C::Training::steps>, .least = 1, .most = most_steps, .reason = steps_reason},
     "Updates of the weights."},
    {"training.meta_batch",
     Whole{.member = at<&C::training, &C::Training::meta_batch>,
           .least = 1,
           .most = 10'000'000,
           .reason = "a step runs all its episodes"},
     "Episodes B per step."},
    {"training.problems",
     Whole{.member = at<&C::training, &C::Training::problems>,
           .least = 0,
           .most = 100'000'000,
           .reason = "more repeat too rarely to matter",
           .zero = "fresh"},
     "New episodes at every step (fresh, or 0), or the number of fixed problems that are revisited."},
    {"training.loss", Choice{at<&C::training, &C::Training::loss>},
     "Negative log density of the truth, the same weighted by sigma^(2 beta), or a distance of the mean."},
    {"training.beta.from",
     Real{.member = at<&C::training, &C::Training::beta, &C::Training::Beta::from>, .least = 0, .most = 1},
     "beta of beta_normal at the first step."},
    {"training.beta.to",
     Real{.member = at<&C::training, &C::Training::beta, &C::Training::Beta::to>, .least = 0, .most = 1},
     "beta of beta_normal at the last step."},
    {"training.weights", Choice{at<&C::training, &C::Training::weights>},
     "Weight of each iteration's loss: growing, equal, the last only, or observed improvement."},
    {"training.learning_rate",
     Real{.member = at<&C::training, &C::Training::learning_rate>, .least = 0, .most = 10, .ends = Ends::open_below},
     "Largest learning rate of Adam."},
    {"training.schedule", Choice{at<&C::training, &C::Training::schedule>},
     "The learning rate after the warm-up: falling to 0 as a cosine, constant, or constant until the cooldown, over "
     "which it falls to 0 on a line, and beta changes."},
    {"training.cooldown",
     Real{.member = at<&C::training, &C::Training::cooldown>, .least = 0, .most = 1, .ends = Ends::open_below},
     "Part of the steps, the last ones, that are the cooldown of schedule cooldown."},
    {"training.warmup_steps",
     Whole{.member = at<&C::training, &C::Training::warmup_steps>,
           .least = 0,
           .most = most_steps,
           .reason = steps_reason},
     "Steps over which the learning rate first rises from 0."},
    {"training.clip_norm", Real{.member = at<&C::training, &C::Training::clip_norm>, .least = 0, .most = 1e9},
     "Largest norm of the whole gradient; 0 is off."},
    {"training.ema",
     Real{.member = at<&C::training, &C::Training::ema>, .least = 0, .most = 1, .ends = Ends::open_above},
     "Decay of the moving average of the weights used for evaluation; 0 is off."},
    {"training.checkpoint_every",
     Whole{.member = at<&C::training, &C::Training::checkpoint_every>,
           .least = 1,
           .most = most_steps,
           .reason = steps_reason},
     "Steps between checkpoints."},
    {"training.validate_every",
     Whole{.member = at<&C::training, &C::Training::validate_every>,
           .least = 1,
           .most = most_steps,
           .reason = steps_reason},
     "Steps between validations."},
    {"training.keep_checkpoints",
     Whole{.member = at<&C::training, &C::Training::keep_checkpoints>,
           .least = 0,
           .most = most_steps,
           .reason = steps_reason,
           .zero = "all"},
     "Number of the newest checkpoints that are kept, beside the best by validation and the one before the cooldown."},
    {"training.patience",
     Whole{.member = at<&C::training, &C::Training::patience>, .least = 0, .most = most_steps, .reason = steps_reason},
     "Validations in a row without a new least loss after which the training ends; 0 is off."},

    {"evaluation.episodes",
     Whole{.member = at<&C::evaluation, &C::Evaluation::episodes>,
           .least = 1,
           .most = 10'000'000,
           .reason = "every episode's result is kept"},
     "Episodes of an evaluation."},
    {"evaluation.iterations",
     Whole{.member = at<&C::evaluation, &C::Evaluation::iterations>,
           .least = 0,
           .most = most_iterations,
           .reason = "every iteration's estimate is kept"},
     "Iterations of an evaluation's episodes; 0 takes episode.iterations."},
    {"evaluation.replicates",
     Whole{.member = at<&C::evaluation, &C::Evaluation::replicates>,
           .least = 1,
           .most = tile_lanes,
           .reason = "they are computed side by side"},
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
    {"engine.device",
     Whole{.member = at<&C::engine, &C::Engine::device>, .least = 0, .most = 1023, .reason = "no machine has more"},
     "Which CUDA device, counting from 0."},
    {"engine.threads",
     Whole{.member = at<&C::engine, &C::Engine::threads>,
           .least = 0,
           .most = 4096,
           .reason = "no machine has more cores"},
     "Threads of the CPU backend; 0 takes all cores."},
    {"engine.seed", Seed{at<&C::engine, &C::Engine::seed>},
     "Seed of every random number; the same seed gives the same result."},
};

// Keys that say nothing of a machine that minimises: it has no observations and no density, and runs on the CPU. Keys,
// and sections with their dot.
constexpr std::string_view of_inference[] = {"simulator.transform",
                                             "prior",
                                             "parameters.",
                                             "episode.thetas",
                                             "episode.observations",
                                             "episode.real_observations",
                                             "proposal.",
                                             "networks.encoder.",
                                             "networks.aggregator.",
                                             "networks.use_grad",
                                             "training.loss",
                                             "training.beta.",
                                             "evaluation.replicates",
                                             "engine.precision",
                                             "engine.encoder",
                                             "engine.device"};

// Keys of programs alone, beside those of their observations.
constexpr std::string_view of_programs[] = {"simulator.program", "simulator.workers", "simulator.timeout_seconds",
                                            "simulator.protocol"};

std::string_view parent_of(std::string_view path) {
  return path.substr(0, path.find('.') == path.npos ? 0 : path.rfind('.'));
}

}  // namespace

const std::span<const Key> keys = table;

bool is_of_programs(const Key& key) {
  return key.path.starts_with("simulator.observations.") ||
         std::find(std::begin(of_programs), std::end(of_programs), key.path) != std::end(of_programs);
}

bool applies(const Key& key, const Configuration& configuration) {
  const Configuration::Simulator& simulator = configuration.simulator;
  const bool loaded = !simulator.source.empty() || !simulator.module.empty() || !simulator.program.empty();
  if (key.path == "simulator.name") return !loaded || !simulator.name.empty();
  if (key.path == "simulator.source") return !simulator.source.empty();
  if (key.path == "simulator.module") return !simulator.module.empty();
  if (is_of_programs(key)) return !simulator.program.empty();
  return !minimises(configuration.simulator) ||
         std::none_of(std::begin(of_inference), std::end(of_inference), [&](std::string_view path) {
           return path.back() == '.' ? key.path.starts_with(path) : key.path == path;
         });
}

std::string text_of(const Key& key, const Configuration& configuration) {
  YAML::Emitter out;
  std::visit([&](const auto& kind) { kind.emit(out, configuration); }, key.kind);
  return out.c_str();
}

std::string allowed(const Key& key) {
  return std::visit([](const auto& kind) { return kind.allowed(); }, key.kind);
}

const Key* find_key(std::string_view path) {
  const auto found = std::find_if(std::begin(table), std::end(table), [&](const Key& key) { return key.path == path; });
  return found == std::end(table) ? nullptr : found;
}

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

std::string_view own_name(std::string_view path) { return path.substr(path.rfind('.') + 1); }  // npos + 1 is 0

std::string advice_on(std::string_view unknown) {
  std::vector<std::string_view> paths;
  for (const Key& key : keys) {
    for (const std::string_view section : sections_of(key.path))
      if (std::ranges::find(paths, section) == paths.end()) paths.push_back(section);
    paths.push_back(key.path);
  }
  const auto distance = [&](std::string_view path) {
    const std::size_t elsewhere = parent_of(path) == parent_of(unknown) ? 0 : 1;
    return std::tuple(edit_distance(own_name(path), own_name(unknown)) + elsewhere, elsewhere,
                      edit_distance(path, unknown));
  };
  const std::string_view nearest =
      *std::ranges::min_element(paths, {}, [&](std::string_view path) { return distance(path); });
  if (is_near(own_name(nearest), own_name(unknown))) return fmt::format("the nearest known key is {}", nearest);
  std::string_view section = parent_of(unknown);
  while (!is_section(section)) section = parent_of(section);
  std::vector<std::string_view> names;
  for (const std::string_view path : paths)
    if (parent_of(path) == section) names.push_back(own_name(path));
  return fmt::format("{} has {}", section.empty() ? "a configuration" : section, fmt::join(names, ", "));
}

const Key* find_mapping(std::string_view entry) {
  const Key* const key = find_key(parent_of(entry));
  const bool is_mapping = key != nullptr && (std::holds_alternative<Priors>(key->kind) ||
                                             std::holds_alternative<SimulatorParameters>(key->kind));
  return is_mapping ? key : nullptr;
}

}  // namespace alfi::configuration
