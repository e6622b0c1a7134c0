// Trainings killed at random moments.
#include <random>

#include "tests/faults/campaign.hpp"

namespace alfi::faults {
namespace {

/// Kills a training some seconds after its start, once or, where it then has gone on, twice.
std::string kill_one(const Scenario& scenario, double after, bool twice) {
  scenario.set_up();
  Call call = scenario.call();
  for (int time = 0; time <= (twice ? 1 : 0); ++time) {
    if (time > 0 && std::filesystem::exists(scenario.folder() / "run" / "config.yaml"))
      call.arguments.emplace_back("--resume");
    call.limit = std::chrono::duration<double>(after);
    run(call);
    const std::string wrong = half_written(files_of(scenario.folder()), scenario.before(), scenario.after());
    if (!wrong.empty()) return wrong;
  }
  return scenario.go_on();
}

}  // namespace

void kill_trainings(const Tools& tools, const std::filesystem::path& work, int count, std::uint32_t seed,
                    Tally& tally) {
  const Scenario scenario = long_training(tools, work);
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> moment(0, scenario.clean().seconds);
  for (int i = 0; i < count; ++i) {
    const double after = moment(random);
    const bool twice = random() % 2 == 0;
    tally.add("kill -9 of a training", "after " + std::to_string(after) + " s", kill_one(scenario, after, twice));
  }
}

}  // namespace alfi::faults
