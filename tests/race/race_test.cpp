// The kernels on FiberTeam under ThreadSanitizer: a device's meta-steps against a host team's; episodes and the update,
// for teams of 32, 96 and a device's threads, also against the oracle's numbers, so that a mutant of either kind fails
// here.
//
//   alfi_race_tests [ROUNDS [FILE LINE]]     each round has its own seed; no thread waits at the barrier in that line
//
// Exit code 0: sound; 1: wrong numbers or a divergent barrier; 66: a race, which ThreadSanitizer reports.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "kernels/launch/device.hpp"
#include "tests/race/device.hpp"
#include "tests/race/quadratics.hpp"
#include "tests/race/tapes.hpp"
#include "tests/support/fiber_team.hpp"
#include "tests/support/run_drawn.hpp"
#include "tests/support/run_report.hpp"
#include "tests/support/run_tape.hpp"
#include "tests/support/run_update.hpp"

namespace alfi::test {
namespace {

struct Comparison {
  double distance = 0.0;
  std::string what;

  void compare(const std::string& name, const std::vector<double>& got, const std::vector<double>& expected) {
    double difference = 0.0, size = 0.0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      difference += (got.at(i) - expected[i]) * (got.at(i) - expected[i]);
      size += expected[i] * expected[i];
    }
    const double relative = std::sqrt(difference / std::max(size, std::numeric_limits<double>::min()));
    if (std::isnan(distance) || relative <= distance) return;  // NaN is the worst
    distance = relative;
    what = name;
  }
};

// Float32's 6e-8, some hundred times over in sums and iterations (1.5e-5 is the most seen); a missing term is a part in
// 300 at least.
constexpr double tolerance = 1e-4;

/// Returns such a launch of one team.
auto on_fibers(const FiberLaunch& launch) {
  return [launch](auto body) { launch_fibers(launch, [&](const FiberTeam& team, int) { body(team); }); };
}

bool episode_is_right(const Tape& tape, const FiberLaunch& launch, const TapeEncoder& encoder = {}) {
  const TapeOutputs got = run_tape<float>(tape, on_fibers(launch), encoder);
  Comparison comparison;
  comparison.compare("psi", got.psi, tape.outputs.psi);
  comparison.compare("loss", got.loss_per_iteration, tape.outputs.loss_per_iteration);
  for (const auto& [name, gradient] : tape.outputs.gradients)
    comparison.compare("gradient of " + name, got.gradients.at(name), gradient);
  if (comparison.distance <= tolerance) return true;
  std::printf("wrong numbers: %s is %g from the oracle's\n", comparison.what.c_str(), comparison.distance);
  return false;
}

bool update_is_right(const FiberLaunch& launch) {
  constexpr int groups = 11, partials = 5;
  UpdateArrays arrays = random_update(groups, partials, launch.seed);
  double squares = 0.0;
  for (int i = 0; i < groups * tile_lanes; ++i) {
    double sum = 0.0;
    for (int p = 0; p < partials; ++p) sum += arrays.partial(p, i);
    squares += sum * sum;
  }
  run_update(arrays, {1e-3F, {10.0F, 1000.0F, 0.9F}, 1.0F},
             on_blocks_of_fibers({launch.threads, launch.seed, 3, launch.left_out}));
  const bool right =
      std::abs(arrays.norm[0] / std::sqrt(squares) - 1.0) <= tolerance && arrays.sentinels_hold() &&
      std::all_of(arrays.weights.begin(), arrays.weights.end() - tile_lanes, [](float w) { return std::isfinite(w); });
  if (!right) std::printf("wrong numbers: the update's\n");
  return right;
}

bool report_is_right(const FiberLaunch& launch) {
  StepReport step = numbered_report();
  step.conclude(37, 1.5F, on_fibers(launch));
  if (step.output.loss == 0.5 * 36 / 2 && step.output.clamped == 37 * 36 / 2) return true;
  std::printf("wrong numbers: the report's\n");
  return false;
}

constexpr int team_sizes[] = {32, 96, device_threads};

/// Says whether a drawn episode has equal numbers on all teams, all written and finite. Its draws have no oracle.
bool drawn_episode_is_right(int simulator, FiberLaunch launch) {
  std::vector<DrawnEpisode> drawn;
  for (int threads : team_sizes) {
    launch.threads = threads;
    drawn.push_back(run_drawn(simulator, launch.seed, on_fibers(launch)));
  }
  if (drawn[0] == drawn[1] && drawn[0] == drawn[2]) return true;
  std::printf("wrong numbers: the drawn episode of simulator %d differs between teams\n", simulator);
  return false;
}

/// Runs the parts of a round that take a second before those that take a minute: most of what a mutant breaks shows
/// there.
int run(int rounds, CallSite left_out) {
  for (int round = 1; round <= rounds; ++round) {
    FiberLaunch launch{device_threads, static_cast<std::uint64_t>(round), 1, left_out};
    if (!quadratics_are_right(launch, tolerance)) return 1;
    for (int simulator = 0; simulator < Simulators::size; ++simulator)
      if (!drawn_episode_is_right(simulator, launch)) return 1;
    const Tape looked_up = lookup_tape(launch.seed);
    for (int threads : team_sizes) {
      launch.threads = threads;
      if (!episode_is_right(looked_up, launch, {.looked_up = true, .table = 16})) return 1;
    }
    for (const Tape& tape : race_tapes(launch.seed)) {
      for (int threads : team_sizes) {
        launch.threads = threads;
        if (!episode_is_right(tape, launch) || !update_is_right(launch) || !report_is_right(launch)) return 1;
      }
    }
    if (!device_is_right(launch.seed, left_out)) return 1;
  }
  std::printf("sound: %d rounds\n", rounds);
  return 0;
}

}  // namespace
}  // namespace alfi::test

int main(int argc, char** argv) {
  try {
    return alfi::test::run(argc > 1 ? std::atoi(argv[1]) : 1,
                           argc > 3 ? alfi::test::CallSite{argv[2], std::atoi(argv[3])} : alfi::test::CallSite{});
  } catch (const alfi::test::DivergentBarrier& error) {
    std::printf("%s\n", error.what());
    return 1;
  }
}
