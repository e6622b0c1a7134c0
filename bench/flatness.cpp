// alfi_flatness: trains a small machine, its codes from a table, for 100,000 steps, and fails where a step's time or
// the resident memory is not the same from step 10 to the last, within 2 %. Takes half a minute; the machine should be
// idle.
//
// Times are medians over a window of steps, so that a checkpoint, a validation or another program now and then does not
// count. The learning rate is next to nothing: as the weights stay what they are, all steps have the same work to do. A
// run of a few steps goes before, since the first checkpoints take a megabyte that all later ones use again; so that it
// stays with the process until then, freed memory is not given back.
#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <vector>

#include "alfi/trainer.hpp"

namespace {

constexpr int steps = 100000, first = 10, windows = 10;
constexpr double most = 0.02;

double resident_megabytes() {
  std::ifstream statm("/proc/self/statm");
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

double median(std::vector<double>::iterator begin, std::vector<double>::iterator end) {
  const auto middle = begin + (end - begin) / 2;
  std::nth_element(begin, middle, end);
  return *middle;
}

}  // namespace

int main() {
  mallopt(M_TRIM_THRESHOLD, -1);
  const alfi::Configuration configuration = alfi::parse_configuration(fmt::format(
      "{{simulator: {{name: poisson, transform: sqrt}}, "
      "episode: {{iterations: 2, thetas: 4, observations: 4, real_observations: 20}}, "
      "training: {{steps: {}, meta_batch: 16, learning_rate: 1e-12, validate_every: 10000, checkpoint_every: 10000}}, "
      "engine: {{backend: cpu, encoder: table, threads: 1}}}}",
      steps));
  const std::filesystem::path run = std::filesystem::temp_directory_path() / fmt::format("alfi_flatness.{}", getpid());
  alfi::Configuration before = configuration;
  before.training.steps = 30;
  before.training.checkpoint_every = 10;
  alfi::train(before, run);
  std::vector<double> seconds(steps, 0.0), megabytes(windows + 1, 0.0);  // touched now, not when they are filled
  auto last = std::chrono::steady_clock::now();
  alfi::TrainingOptions options;
  options.force = true;
  options.progress = [&](const alfi::TrainingProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    seconds[static_cast<std::size_t>(progress.step - 1)] = std::chrono::duration<double>(now - last).count();
    last = now;
    if (progress.step == first) megabytes[0] = resident_megabytes();
    if (progress.step % (steps / windows) == 0)
      megabytes[static_cast<std::size_t>(progress.step / (steps / windows))] = resident_megabytes();
    return true;
  };
  alfi::train(configuration, run, options);
  std::filesystem::remove_all(run);

  std::printf("%16s %12s %8s %12s %8s\n", "steps", "µs a step", "", "resident MB", "");
  bool flat = true;
  double microseconds_first = 0;
  for (int w = 0; w < windows; ++w) {
    const int begin = std::max(first, w * (steps / windows)), end = (w + 1) * (steps / windows);
    const double microseconds = 1e6 * median(seconds.begin() + begin, seconds.begin() + end);
    if (w == 0) microseconds_first = microseconds;
    const double slower = microseconds / microseconds_first - 1;
    const double larger = megabytes[static_cast<std::size_t>(w + 1)] / megabytes[0] - 1;
    flat = flat && std::abs(slower) <= most && std::abs(larger) <= most;
    std::printf("%7d…%-8d %12.1f %+7.1f%% %12.2f %+7.1f%%\n", begin, end, microseconds, 100 * slower,
                megabytes[static_cast<std::size_t>(w + 1)], 100 * larger);
  }
  std::printf("%s (memory at step %d: %.2f MB)\n", flat ? "flat within 2 %" : "NOT FLAT within 2 %", first,
              megabytes[0]);
  return flat ? 0 : 1;
}
