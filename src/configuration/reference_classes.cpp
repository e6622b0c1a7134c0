#include "src/configuration/reference_classes.hpp"

#include <numbers>

namespace alfi::reference {

const std::vector<SimulatorClass>& simulator_classes() {
  using enum Parameter::Use;
  static const Parameter rand_seed{"rand_seed", seed};
  static const std::vector<Parameter> cube{rand_seed, {"min", fixed, "", {-3}}, {"max", fixed, "", {3}}};
  static const std::vector<SimulatorClass> all{
      {"PoissonSimulator", "poisson", {rand_seed, {"min", fixed, "", {0.2}}, {"max", fixed, "", {7}}}, 1},
      {"GaussianSimulator", "gaussian", {{"min", fixed, "", {-10, -2}}, {"max", fixed, "", {10, 1.5}}}, 2},
      {"WeinbergSimulator", "weinberg", {rand_seed}, 1},
      {"LinearRegressionSimulator",
       "linear_regression",
       {rand_seed,
        {"dim_x", ours, "inputs", {}, "1"},
        {"angle_min", fixed, "", {0}},
        {"angle_max", fixed, "", {std::numbers::pi / 2}},
        {"offset_min", fixed, "", {-1}},
        {"offset_max", fixed, "", {1}},
        {"sigma", fixed, "", {0.1}}},
       7},
      {"MultiDistriSimulator", "multi_distribution", cube, 3},
      {"NewMultiDistriSimulator", "multi_distribution", cube, 3}};  // as published files call it
  return all;
}

std::span<const std::string_view> simulator_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const SimulatorClass& simulator : simulator_classes()) all.push_back(simulator.name);
    return all;
  }();
  return names;
}

}  // namespace alfi::reference
