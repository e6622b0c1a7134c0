// Settings of episodes whose problem, start, proposals and observations the kernels draw themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/episode/episode.hpp"

namespace alfi::test {

struct DrawnChoices {
  int simulator;  ///< its number in the list
  std::uint64_t seed;
  int episodes;
  Family family = Family::gaussian;
  Pooling pooling = Pooling::mean;
  bool count_input = false;
  bool fails = false;  ///< negative observations are no numbers
};

inline alfi::Shape drawn_shape(const DrawnChoices& choices) {
  int D = 0, X = 0;
  Simulators::with(choices.simulator, [&]<class Sim>() {
    D = Sim::D == any_size ? 3 : Sim::D;
    X = Sim::X == any_size ? 3 : Sim::X;
  });
  // 18 real observations in two pieces and 7 of each parameter: neither is a multiple of a group.
  return {.T = 2,
          .M = 5,
          .N = 7,
          .R = 18,
          .D = D,
          .X = X,
          .encoder_hidden = 6,
          .C = 3,
          .aggregator_hidden = 5,
          .A = 4,
          .H = 6,
          .S = 5,
          .family = choices.family,
          .pooling = choices.pooling,
          .use_grad = true,
          .count_input = choices.count_input};
}

inline std::vector<ParameterUnits> drawn_parameters(int simulator, int D) {
  std::vector<ParameterUnits> units;
  Simulators::with(simulator, [&]<class Sim>() {
    for (int d = 0; d < D; ++d) {
      // With any size the first kind is repeated, and another may follow.
      const int last = Sim::facts.parameter_count - 1;
      const PriorLaw law = Sim::facts.law(Sim::D != any_size ? d : d == D - 1 ? last : 0);
      units.push_back({law.prior, static_cast<float>(law.mean()), static_cast<float>(law.deviation())});
    }
  });
  return units;
}

/// Settings, and what they point to.
struct DrawnSettings {
  std::vector<ParameterUnits> parameters;
  std::vector<float> weights, iteration_weight, mean, scale, count_input;
  std::vector<std::uint32_t> above;
  alfi::EpisodeSettings<float> settings{};

  explicit DrawnSettings(const DrawnChoices& choices) {
    const alfi::Shape shape = drawn_shape(choices);
    const Layout layout = make_layout(shape);
    std::mt19937_64 engine(choices.seed);
    std::normal_distribution<float> normal(0.0F, 0.3F);
    for (int i = 0; i < layout.size; ++i) weights.push_back(normal(engine));
    iteration_weight.assign(static_cast<std::size_t>(shape.T), 0.5F);
    mean.assign(static_cast<std::size_t>(shape.X), 0.5F);
    scale.assign(static_cast<std::size_t>(shape.X), 0.25F);
    // R is 16, 17 or 18, whatever the problem.
    above = {1U << 30, 3U << 30};
    count_input = {-0.5F, 0.0F, 0.5F};
    parameters = drawn_parameters(choices.simulator, shape.D);
    settings = {.simulator = choices.simulator,
                .host_simulator = nullptr,
                .parameters = parameters.data(),
                .may_fail = choices.fails,
                .problems = {.episodes = choices.episodes,
                             .fixed = 7,
                             .seed = choices.seed,
                             .least = 16,
                             .most = 18,
                             .above = above.data(),
                             .count_input = count_input.data()},
                .shape = shape,
                .layout = layout,
                .weights = weights.data(),
                .iteration_weight = iteration_weight.data(),
                .units = {choices.fails ? Transform::sqrt : Transform::asinh, mean.data(), scale.data()},
                .weights_kind = Weights::constant,
                .start = Start::draw,
                .start_log_sigma = -1.0,
                .loss = {Loss::normal, choices.family, -1.0},
                .update = {Update::clamp, 0.25}};
  }
  DrawnSettings(const DrawnSettings&) = delete;
  DrawnSettings& operator=(const DrawnSettings&) = delete;

  StepInput step(std::uint64_t number) const {
    const ProblemRule& problems = settings.problems;
    const auto key = [&](Purpose purpose) { return stream_key(problems.seed, Phase::training, purpose, number); };
    return {{.truth = key(Purpose::truth),
             .real_count = key(Purpose::real_count),
             .real_set = key(Purpose::real_set),
             .start = key(Purpose::start),
             .propose = key(Purpose::propose),
             .observe = key(Purpose::observe)},
            (number + 1) * static_cast<std::uint64_t>(problems.episodes),
            0.0};
  }
};

}  // namespace alfi::test
