#include "src/configuration/reference_classes.hpp"

#include <numbers>
#include <utility>

namespace alfi::reference {

const std::vector<SimulatorClass>& simulator_classes() {
  using enum Parameter::Use;
  static const Parameter rand_seed{.name = "rand_seed", .use = seed};
  const auto part = [](std::string_view name, std::vector<double> value) {
    return Parameter{.name = name, .use = fixed, .value = std::move(value)};
  };
  static const std::vector<Parameter> cube{rand_seed, part("min", {-3}), part("max", {3})};
  static const std::vector<SimulatorClass> all{
      {.name = "PoissonSimulator",
       .native = "poisson",
       .parameters = {rand_seed, part("min", {0.2}), part("max", {7})},
       .by_position = 1},
      {.name = "GaussianSimulator",
       .native = "gaussian",
       .parameters = {part("min", {-10, -2}), part("max", {10, 1.5})},
       .by_position = 2},
      {.name = "WeinbergSimulator", .native = "weinberg", .parameters = {rand_seed}, .by_position = 1},
      {.name = "LinearRegressionSimulator",
       .native = "linear_regression",
       .parameters = {rand_seed,
                      {.name = "dim_x", .use = ours, .native = "inputs", .otherwise = "1"},
                      part("angle_min", {0}),
                      part("angle_max", {std::numbers::pi / 2}),
                      part("offset_min", {-1}),
                      part("offset_max", {1}),
                      part("sigma", {0.1})},
       .by_position = 7},
      {.name = "MultiDistriSimulator", .native = "multi_distribution", .parameters = cube, .by_position = 3},
      // Published files call it so.
      {.name = "NewMultiDistriSimulator", .native = "multi_distribution", .parameters = cube, .by_position = 3}};
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
