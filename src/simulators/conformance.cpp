#include "src/simulators/conformance.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <random>

#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/instruction_set.hpp"

namespace alfi {
namespace {

constexpr int parameters = 16, observations = 40;  // of each of 16 lanes
constexpr PhiloxKey key{0x616C6669, 0x63686B73};

class Trial {
 public:
  explicit Trial(const SimulatorInfo& simulator)
      : simulator_(simulator),
        D_(static_cast<int>(simulator.parameters.size())),
        X_(simulator.observations.dimension),
        mean_(static_cast<std::size_t>(X_), 0.0F),
        scale_(static_cast<std::size_t>(X_), 1.0F),
        maps_(maps_of(simulator)),
        units_(units_of(simulator, *maps_)) {
    std::mt19937_64 engine(1);
    std::normal_distribution<double> normal;
    for (int m = 0; m < parameters; ++m)
      for (const ParameterInfo& p : simulator.parameters)
        for (int lane = 0; lane < tile_lanes; ++lane)
          theta_.push_back(static_cast<float>(standard_of_score(p, normal(engine))));
    for (int lane = 0; lane < tile_lanes; ++lane) episode_[lane] = static_cast<std::uint32_t>(lane);
  }

  /// Draws all observations, (X, parameters · observations · 16), in pieces.
  std::vector<float> draw(const HostSimulator& functions, int pieces, LaneUse* use = nullptr) const {
    const int rows = parameters * observations * tile_lanes;
    std::vector<float> x(static_cast<std::size_t>(X_ * rows));
    functions.simulate(functions.context, {Transform::none, mean_.data(), scale_.data()},
                       {.key = key,
                        .episode = episode_,
                        .first_row = 0,
                        .parameters = parameters,
                        .count = observations,
                        .D = D_,
                        .units = units_.data(),
                        .pieces = pieces,
                        .theta = theta_.data(),
                        .clamped = nullptr,
                        .x = {x.data(), rows},
                        .use = use});
    return x;
  }

  /// Says at which θ, lane and number x first differs from y; nothing where it does not.
  std::string difference(const std::vector<float>& x, const std::vector<float>& y) const {
    for (std::size_t i = 0; i < x.size(); ++i)
      if (std::bit_cast<std::uint32_t>(x[i]) != std::bit_cast<std::uint32_t>(y[i]))
        return fmt::format("{}: {} and {}", place(i), x[i], y[i]);
    return {};
  }

  /// Says which number is not of the kind that the facts say; nothing where all are.
  std::string stranger(const std::vector<float>& x) const {
    const ObservationInfo& kind = simulator_.observations;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto value = static_cast<double>(x[i]);
      if (!std::isfinite(value)) return fmt::format("{} is {}", place(i), value);
      if (value < kind.low || value > kind.high)
        return fmt::format("{} is {}, outside of [{}, {}]", place(i), value, kind.low, kind.high);
      if (kind.whole && value != std::floor(value)) return fmt::format("{} is {}, which is not whole", place(i), value);
    }
    return {};
  }

  /// Says where `clamp` moves a θ again that it has moved; nothing where it does not.
  std::string restless(const HostSimulator& functions) const {
    for (const double reach : {0.0, 3.0, 100.0, -3.0, -100.0}) {
      std::vector<float> theta;
      for (const ParameterInfo& p : simulator_.parameters) theta.push_back(static_cast<float>(natural_of(p, reach)));
      functions.clamp(functions.context, theta.data(), D_);
      std::vector<float> again = theta;
      functions.clamp(functions.context, again.data(), D_);
      if (std::memcmp(again.data(), theta.data(), theta.size() * sizeof(float)) != 0)
        return fmt::format("θ = ({}) becomes ({})", fmt::join(theta, ", "), fmt::join(again, ", "));
    }
    return {};
  }

 private:
  /// Names number i of what `draw` returns.
  std::string place(std::size_t i) const {
    const int rows = parameters * observations * tile_lanes, k = static_cast<int>(i) / rows;
    const int row = static_cast<int>(i) % rows, lane = row % tile_lanes, m = row / tile_lanes / observations;
    std::vector<double> theta;
    for (int d = 0; d < D_; ++d) {
      const ParameterInfo& p = simulator_.parameters[static_cast<std::size_t>(d)];
      const float standard = theta_[static_cast<std::size_t>((m * D_ + d) * tile_lanes + lane)];
      theta.push_back(natural_of(p, static_cast<double>(standard)));
    }
    return fmt::format("at θ = ({:.6g}) number {} of observation {}", fmt::join(theta, ", "), k + 1,
                       row / tile_lanes % observations + 1);
  }

  const SimulatorInfo& simulator_;
  int D_, X_;
  std::vector<float> mean_, scale_, theta_;
  std::shared_ptr<const std::vector<std::vector<float>>> maps_;
  std::vector<ParameterUnits> units_;
  std::uint32_t episode_[tile_lanes];
};

}  // namespace

std::vector<std::vector<double>> prior_points(const SimulatorInfo& simulator) {
  constexpr int drawn = 60;
  std::mt19937_64 engine(2);
  std::normal_distribution<double> normal;
  std::vector<std::vector<double>> points;
  const auto add = [&](const auto& score) {
    points.emplace_back();
    for (const ParameterInfo& p : simulator.parameters) points.back().push_back(natural_of_score(p, score()));
  };
  for (const double end : {0.0, -3.0, 3.0}) add([&] { return end; });
  for (int i = 0; i < drawn; ++i) add([&] { return normal(engine); });
  return points;
}

Conformance check_conformance(const SimulatorInfo& simulator) {
  const Trial trial(simulator);
  Conformance result{.faults = {},
                     .notes = {},
                     .sets = instruction_sets(),
                     .parameters = parameters * tile_lanes,
                     .observations = observations,
                     .nanoseconds = 0,
                     .steps = 0,
                     .lanes_busy = 0};
  const auto report = [&](const std::string& where, std::string_view fault) {
    if (!where.empty()) result.faults.push_back(fmt::format("{} {}", fault, where));
  };
  const HostSimulator& best = *host_simulator(simulator.number, result.sets.back());
  using Clock = std::chrono::steady_clock;
  int rounds = 0;
  std::chrono::duration<double> spent{};
  LaneUse use{0, 0};
  const auto timed = [&] {
    const auto begin = Clock::now();
    std::vector<float> x = trial.draw(best, 1, &use);
    spent += Clock::now() - begin;
    ++rounds;
    return x;
  };
  const std::vector<float> x = trial.draw(best, 1);  // not timed: a program starts
  const std::vector<float> again = timed();
  report(trial.stranger(x), "An observation is not of the kind that its facts say:");
  if (is_called(simulator.number)) {
    const std::string where = trial.difference(x, again);
    if (!where.empty())
      result.notes.push_back(
          fmt::format("asked again with an equal seed it draws other numbers, so that a training "
                      "cannot be repeated bit for bit: {}",
                      where));
  } else {
    report(trial.difference(x, again), "A second time it draws other numbers");
    for (const std::string& set : result.sets)
      if (set != result.sets.back())
        report(trial.difference(x, trial.draw(*host_simulator(simulator.number, set), 1)),
               fmt::format("The numbers of {} and {} differ", result.sets.back(), set));
    report(trial.difference(x, trial.draw(best, 3)), "In three pieces it draws other numbers than in one");
    report(trial.restless(best), "What is moved into the domain is moved again:");
    while (spent.count() < 0.2) (void)timed();
  }
  const double drawn = static_cast<double>(rounds) * parameters * observations * tile_lanes;
  result.nanoseconds = 1e9 * spent.count() / drawn;
  if (use.all > 0) {
    result.steps = static_cast<double>(use.busy) / drawn;
    result.lanes_busy = static_cast<double>(use.busy) / static_cast<double>(use.all);
  }
  return result;
}

}  // namespace alfi
