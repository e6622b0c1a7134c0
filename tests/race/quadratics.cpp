#include "tests/race/quadratics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "tests/support/run_quadratics.hpp"

namespace alfi::test {
namespace {

double distance_of(const std::vector<double>& got, const std::vector<double>& expected) {
  double difference = 0, size = 1e-30;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(got.at(i) - expected[i], 2);
    size += expected[i] * expected[i];
  }
  return std::sqrt(difference / size);
}

}  // namespace

bool quadratics_are_right(FiberLaunch launch, double tolerance) {
  const auto on_fibers = [&](auto body) { launch_fibers(launch, [&](const FiberTeam& team, int) { body(team); }); };
  const QuadraticTape tape = random_quadratics(3, 3, 3, 6, 4, static_cast<unsigned>(launch.seed));
  const QuadraticOutputs expected = run_quadratic_oracle(tape);
  std::vector<DrawnQuadratics> drawn;
  for (int threads : {32, 96}) {
    launch.threads = threads;
    drawn.push_back(draw_quadratic_tile(3, {static_cast<std::uint32_t>(launch.seed), 1}, on_fibers));
    const QuadraticOutputs got = run_quadratics<float>(tape, on_fibers);
    double distance = std::max(distance_of(got.theta, expected.theta), distance_of(got.loss, expected.loss));
    for (const auto& [name, gradient] : expected.gradients) {
      const double of_one = distance_of(got.gradients.at(name), gradient);
      if (!(of_one <= distance)) distance = of_one;  // NaN is the worst
    }
    if (!(distance <= tolerance)) {
      std::printf("wrong numbers: the quadratics' are %g from the oracle's\n", distance);
      return false;
    }
  }
  if (drawn[0] == drawn[1]) return true;
  std::printf("wrong numbers: the drawn quadratics differ between teams\n");
  return false;
}

}  // namespace alfi::test
