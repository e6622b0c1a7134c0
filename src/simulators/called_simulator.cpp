#include "src/simulators/called_simulator.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "alfi/error.hpp"
#include "src/simulators/module.hpp"

namespace alfi {
namespace {

/// Observations of a sample in one batch.
constexpr std::int64_t sample_piece = 4096;

/// Makes a seed that every programming language takes, below 2³¹, of what names random numbers.
std::uint32_t seed_of(PhiloxKey key, std::uint32_t episode, std::uint32_t row) {
  return philox<std::uint32_t>(0, 0, row, episode, key).word[0] >> 1;
}

SimulatorFacts facts_of(const Simulator& simulator) {
  const auto& [name, description, parameters, observations, function] = simulator;
  if (parameters.size() > SimulatorFacts::most_kinds)
    throw InputError(fmt::format("the simulator {} has {} parameters; there must be at most {}", name,
                                 parameters.size(), SimulatorFacts::most_kinds));
  SimulatorFacts facts = alfi::simulator(name.c_str(), description.c_str());
  for (const SimulatorParameter& p : parameters) facts = facts.parameter(p.name.c_str(), p.unit.c_str(), p.prior);
  facts = facts.observations(observations.dimension, {observations.whole, observations.low, observations.high},
                             observations.meaning.c_str());
  const std::string contradiction = refused_facts(facts);
  if (!contradiction.empty())
    throw InputError(fmt::format("the facts of the simulator {} contradict themselves: {}", name, contradiction));
  return facts;
}

/// Returns θ (parameters, 16, D) in natural units, where it may be, and notes which had to be moved there.
std::vector<float> natural_parameters(const Simulation& to) {
  using F = FloatLanes;
  constexpr int width = LaneTraits<F>::width;
  std::vector<float> theta(static_cast<std::size_t>(to.parameters * tile_lanes * to.D));
  for (int m = 0; m < to.parameters; ++m)
    for (int lane = 0; lane < tile_lanes; lane += width) {
      const OrderedParameter<F> natural{to.units, to.theta + m * to.D * tile_lanes + lane};
      Mask<F> moved{};
      for (int d = 0; d < to.D; ++d) {
        F value = natural(d);
        moved = moved | natural.limit(d, value);
        for (int l = 0; l < width; ++l)
          theta[static_cast<std::size_t>((m * tile_lanes + lane + l) * to.D + d)] = value[l];
      }
      if (to.clamped != nullptr) store<F>(to.clamped + m * tile_lanes + lane, select(moved, splat<F>(1), F{}));
    }
  return theta;
}

/// Transforms and standardises x (parameters, 16, count, X), and writes it in the order's rows.
void standardise(const ObservationUnits<float>& units, const Simulation& to, const std::vector<float>& x,
                 std::size_t X) {
  using F = FloatLanes;
  constexpr int width = LaneTraits<F>::width;
  const std::size_t step = static_cast<std::size_t>(to.count) * X;  // from one lane's number to the next one's
  for (int m = 0; m < to.parameters; ++m)
    for (int n = 0; n < to.count; ++n)
      for (std::size_t k = 0; k < X; ++k)
        for (int lane = 0; lane < tile_lanes; lane += width) {
          const float* from =
              x.data() + static_cast<std::size_t>(m * tile_lanes + lane) * step + static_cast<std::size_t>(n) * X + k;
          Array<float, width> numbers;
          for (int l = 0; l < width; ++l, from += step) numbers[l] = *from;
          const F value = transformed<F>(units.transform, load<F>(numbers));
          store<F>(to.x.at(static_cast<int>(k), (m * to.count + n) * tile_lanes + lane),
                   (value - splat<F>(units.mean[k])) * splat<F>(units.scale[k]));
        }
}

std::size_t first_with(const std::uint32_t* episode, std::uint32_t number) {
  return static_cast<std::size_t>(std::find(episode, episode + tile_lanes, number) - episode);
}

const CalledSimulator& called(const void* context) { return *static_cast<const CalledSimulator*>(context); }

}  // namespace

std::string question_text(const SimulatorBatch& batch) {
  const std::size_t D = batch.theta.size() / static_cast<std::size_t>(batch.parameters);
  const std::string theta = fmt::format("({})", fmt::join(batch.theta.first(D), ", "));
  return batch.parameters == 1
             ? fmt::format("{} observations of θ = {} with the seed {}", batch.observations, theta, batch.seed)
             : fmt::format("{} observations of each of {} θ, the first {}, with the seed {}", batch.observations,
                           batch.parameters, theta, batch.seed);
}

std::uint64_t facts_hash(const Simulator& simulator) {
  const ObservationInfo& x = simulator.observations;
  std::string text = fmt::format("{} {} {} {}", x.dimension, x.whole, x.low, x.high);
  for (const auto& [name, unit, law] : simulator.parameters)
    text +=
        fmt::format("\n{} {} {} {} {} {}", name, static_cast<int>(law.prior), law.low, law.high, law.first, law.second);
  return XXH3_64bits(text.data(), text.size());
}

CalledSimulator::CalledSimulator(Simulator simulator)
    : simulator_(std::move(simulator)),
      facts_(facts_of(simulator_)),
      functions_{.context = this,
                 .has_domain = false,
                 .simulate = [](const void* context, const ObservationUnits<float>& units,
                                const Simulation& to) { called(context).simulate(units, to); },
                 .draw_sample = [](const void* context, const Sample& sample) { called(context).draw_sample(sample); },
                 .clamp = [](const void*, float*, int) {},
                 .log_likelihood = nullptr} {}

void CalledSimulator::simulate(const ObservationUnits<float>& units, const Simulation& to) const {
  const std::vector<float> theta = natural_parameters(to);
  const auto D = static_cast<std::size_t>(to.D), X = static_cast<std::size_t>(simulator_.observations.dimension);
  const std::size_t size = static_cast<std::size_t>(to.count) * X;  // of the observations of one parameter
  std::vector<float> x(static_cast<std::size_t>(to.parameters * tile_lanes) * size);
  if (to.counts == nullptr) {
    simulator_.simulate({.theta = theta,
                         .parameters = to.parameters * tile_lanes,
                         .observations = to.count,
                         .seed = seed_of(to.key, to.episode[0], to.first_row),
                         .x = x});
  } else {
    for (std::size_t i = 0; i < x.size() / size; ++i) {
      const auto row = static_cast<std::uint32_t>(i / tile_lanes);
      const std::size_t lane = i % tile_lanes, twin = first_with(to.episode, to.episode[lane]);
      const int count = static_cast<int>(to.counts[lane]);
      const std::span<float> own = std::span(x).subspan(i * size, size);
      if (twin < lane)
        std::ranges::copy(std::span(x).subspan((i - lane + twin) * size, size), own.begin());
      else
        simulator_.simulate({.theta = std::span(theta).subspan(i * D, D),
                             .parameters = 1,
                             .observations = count,
                             .seed = seed_of(to.key, to.episode[lane], to.first_row + row),
                             .x = own.first(static_cast<std::size_t>(count) * X)});
      // Rows that do not count must be finite.
      for (std::size_t j = static_cast<std::size_t>(count) * X; j < size; ++j)
        own[j] = own[j - static_cast<std::size_t>(count) * X];
    }
  }
  standardise(units, to, x, X);
}

void CalledSimulator::draw_sample(const Sample& sample) const {
  std::int64_t count = 0;
  for (std::int64_t begin = 0; begin < sample.count; begin += count) {
    const std::int64_t first = sample.first + begin;
    count = std::min(sample.count - begin, sample_piece - first % sample_piece);
    simulator_.simulate({.theta = {sample.theta, static_cast<std::size_t>(sample.D)},
                         .parameters = 1,
                         .observations = static_cast<int>(count),
                         .seed = seed_of(sample.key, static_cast<std::uint32_t>(first / tile_lanes), 0),
                         .x = {sample.x + begin * sample.X, static_cast<std::size_t>(count * sample.X)}});
  }
}

}  // namespace alfi
