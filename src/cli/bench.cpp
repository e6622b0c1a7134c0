// alfi bench: how fast this machine trains a configuration.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "alfi/error.hpp"
#include "src/cli/backend.hpp"
#include "src/cli/command.hpp"
#include "src/cli/configuration_arguments.hpp"
#include "src/cli/duration.hpp"
#include "src/cli/output.hpp"
#include "src/simulators/simulators.hpp"
#include "src/training/throughput.hpp"

namespace alfi::cli {
namespace {

/// The method's sizes for poisson: T = 5, M = 20, N = 20, R = 500, encoder 50, 50 → 20; B = 64, our default.
constexpr const char* poisson = R"(
simulator: {name: poisson, transform: sqrt}
episode: {iterations: 5, thetas: 20, observations: 20, real_observations: 500}
training: {meta_batch: 64}
)";

struct Arguments {
  ConfigurationArguments configuration;
  double seconds = 3;
  bool json = false;
};

void run_bench(const Arguments& arguments) {
  if (!(arguments.seconds > 0 && arguments.seconds <= 3600))
    throw InputError(fmt::format("--seconds {} must be above 0 and at most 3600", arguments.seconds));
  const Configuration configuration = arguments.configuration.load(poisson);
  say_why_not_cuda(configuration.engine);
  const std::string name = simulator_name(configuration.simulator);
  const Throughput t = measure_throughput(configuration, arguments.seconds);
  if (arguments.json) {
    nlohmann::ordered_json result{{"simulator", name},
                                  {"backend", t.backend},
                                  {"precision", to_text(configuration.engine.precision)},
                                  {"encoder", to_text(t.encoder)},
                                  {"kernels", t.kernels},
                                  {"device", t.device},
                                  {"threads", t.threads},
                                  {"meta_batch", configuration.training.meta_batch},
                                  {"episodes", t.episodes},
                                  {"repetitions", t.repetitions},
                                  {"episodes_per_second", t.episodes_per_second},
                                  {"episodes_per_second_slowest", t.slowest},
                                  {"episodes_per_second_fastest", t.fastest},
                                  {"simulations_per_second", t.simulations_per_second},
                                  {"simulator_share", t.simulator_share()},
                                  {"gflops", t.gflops},
                                  {"peak_gflops", t.peak_gflops},
                                  {"fraction_of_peak", t.fraction_of_peak()}};
    if (t.predicted_training_seconds > 0) {
      result["predicted_episodes_per_second"] = t.predicted_episodes_per_second;
      result["predicted_training_seconds"] = t.predicted_training_seconds;
    }
    write_output(result.dump(2) + "\n");
    return;
  }
  write_output(fmt::format(
      "{}, {} {}, {}, {} encoder, {} kernels, threads {}, meta_batch {}\n"
      "episodes/s     {:.0f}  ({:.0f} to {:.0f} in {} repetitions, {} episodes)\n"
      "simulations/s  {:.3g}{}\n"
      "GFLOP/s        {:.1f}, {:.1f} % of the {:.1f} of pure fma in the same run{}\n",
      name, t.backend, t.device, to_text(configuration.engine.precision), to_text(t.encoder), t.kernels, t.threads,
      configuration.training.meta_batch, t.episodes_per_second, t.slowest, t.fastest, t.repetitions, t.episodes,
      t.simulations_per_second,
      t.simulator_seconds > 0
          ? fmt::format("; the simulator alone takes {:.0f} % of the cores' time", 100 * t.simulator_share())
          : "",
      t.gflops, 100 * t.fraction_of_peak(), t.peak_gflops,
      t.encoder == Encoder::dense ? "" : ", counted as if every code were computed"));
  if (t.predicted_training_seconds > 0)
    write_output(fmt::format("on paper       {:.0f} episodes/s; a training of {} steps takes {}\n",
                             t.predicted_episodes_per_second, configuration.training.steps,
                             duration_text(t.predicted_training_seconds)));
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* const command = app.add_subcommand("bench", "Measures whole meta-steps against the processor's peak");
  const auto arguments = std::make_shared<Arguments>();
  arguments->configuration.add_to(*command, false);
  command->add_option("--seconds", arguments->seconds, "How long to measure; 3 if not given")->type_name("S");
  command->add_flag("--json", arguments->json, "One JSON object on standard output");
  command->footer("Without CONFIG: poisson with T = 5, M = 20, N = 20, R = 500, transform sqrt, meta_batch 64.");
  command->callback([arguments] { run_bench(*arguments); });
}

}  // namespace alfi::cli
