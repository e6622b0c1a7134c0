// alfi simulate: observations at one θ, piece by piece, so that memory does not grow with their number; or sets of them
// at draws from the prior (prior_predictive.hpp).
//
// Observation i of a seed is the same number whatever the count and the pieces, and on every machine; of a program that
// is called for what was drawn with the seeds it got.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "alfi/error.hpp"
#include "alfi/simulators.hpp"
#include "src/cli/backend.hpp"
#include "src/cli/command.hpp"
#include "src/cli/destination.hpp"
#include "src/cli/given_simulator.hpp"
#include "src/cli/output.hpp"
#include "src/cli/prior_predictive.hpp"
#include "src/engine/processors.hpp"
#include "src/formats/csv.hpp"
#include "src/formats/npy.hpp"
#include "src/formats/printable.hpp"
#include "src/simulators/parameter_scale.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::cli {
namespace {

struct Arguments {
  std::string simulator, out, theta_out;
  std::optional<std::string> theta;
  std::optional<std::int64_t> prior_draws;
  std::vector<std::string> constants;
  std::int64_t count = 0;
  std::uint64_t seed = 1;
  bool npy = false, force = false;
  BackendArguments backend;
};

/// Random numbers count observations in 32 bits, 16 of them side by side.
constexpr std::int64_t most = std::int64_t{1} << 35;

std::string_view without_spaces(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::vector<double> parse_theta(std::string_view text, const SimulatorInfo& simulator) {
  std::vector<double> theta;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view field = without_spaces(rest.substr(0, comma));
    double value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(static_cast<float>(value)))
      throw InputError(
          fmt::format("--theta: {} in {} must be a finite 32-bit number", printable(field), printable(text)));
    theta.push_back(value);
    if (comma == rest.npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (theta.size() != simulator.parameters.size()) {
    std::string names;
    for (const ParameterInfo& p : simulator.parameters) names += (names.empty() ? "" : ",") + p.name;
    throw InputError(fmt::format("--theta {}: {} values are given, {} has {} ({})", printable(text), theta.size(),
                                 simulator.name, simulator.parameters.size(), names));
  }
  return theta;
}

/// Says on standard error where the simulator moves θ into its domain, or θ is where its prior is 0.
void warn_outside_domain(const SimulatorInfo& simulator, const Sample& given) {
  Sample moved = given;
  move_into_domain(moved);
  for (int d = 0; d < given.D; ++d)
    if (moved.theta[d] != given.theta[d])
      std::fputs(fmt::format("alfi: warning: {} = {} is outside the simulator's domain; {} is used\n",
                             simulator.parameters[static_cast<std::size_t>(d)].name, given.theta[d], moved.theta[d])
                     .c_str(),
                 stderr);
  for (int d = 0; d < given.D; ++d) {
    const ParameterInfo& p = simulator.parameters[static_cast<std::size_t>(d)];
    const auto value = static_cast<double>(moved.theta[d]);
    if (p.prior != Prior::normal && (value < p.low || value > p.high))
      std::fputs(
          fmt::format("alfi: warning: {} = {} is outside of its prior, {}\n", p.name, moved.theta[d], prior_text(p))
              .c_str(),
          stderr);
  }
}

void simulate_prior(const Arguments& arguments, const SimulatorInfo& simulator) {
  if (arguments.npy) throw InputError("--npy does not go with --prior-predictive, which needs --out FILE.npy");
  if (arguments.out.empty()) throw InputError("--prior-predictive needs --out FILE.npy");
  if (arguments.backend.engine.backend == Backend::cuda)
    throw InputError("--backend cuda does not go with --prior-predictive, which runs on the CPU");
  write_prior_predictive(simulator, {.draws = *arguments.prior_draws,
                                     .count = arguments.count,
                                     .seed = arguments.seed,
                                     .out = arguments.out,
                                     .theta_out = arguments.theta_out,
                                     .force = arguments.force});
}

void run_simulation(const Arguments& arguments) {
  const SimulatorInfo simulator = given_simulator(arguments.simulator, parse_constants(arguments.constants));
  if (arguments.theta.has_value() == arguments.prior_draws.has_value())
    throw InputError("either --theta or --prior-predictive must be given: observations at one θ, or at draws of it");
  if (arguments.prior_draws) {
    simulate_prior(arguments, simulator);
    return;
  }
  if (!arguments.theta_out.empty()) throw InputError("--theta-out goes with --prior-predictive only");
  const std::vector<double> theta = parse_theta(*arguments.theta, simulator);
  if (arguments.count < 1 || arguments.count > most)
    throw InputError(fmt::format("--count {} must be a whole number from 1 to {}", arguments.count, most));
  const std::string extension = std::filesystem::path(arguments.out).extension().string();
  if (!arguments.out.empty()) require_ending("--out", arguments.out, {".csv", ".npy"});
  if (arguments.npy && extension == ".csv")
    throw InputError(fmt::format("--npy does not go with --out {}", printable(arguments.out)));
  if (!arguments.out.empty()) require_free_or_numbers("--out", arguments.out, arguments.force);
  const Sample sample = make_sample(
      simulator, theta, stream_key(arguments.seed, Phase::simulation, Purpose::observe, 0), arguments.count);
  warn_outside_domain(simulator, sample);
  const Configuration::Engine& engine = arguments.backend.engine;
  say_why_not_cuda(engine);
  const std::unique_ptr<Processor> processor = make_processor(engine, waiting_threads(simulator.number));
  const int dimension = simulator.observations.dimension;
  if (!arguments.out.empty()) {
    const bool npy = extension == ".npy";
    write_file(arguments.out, [&](std::ostream& file) {
      if (npy) write_npy_header(file, {arguments.count, dimension});
      processor->simulate(sample, [&](std::span<const float> values) {
        npy ? write_npy_values(file, values) : write_csv_values(file, values, dimension);
      });
    });
    return;
  }
  std::ostringstream text;
  const auto put_out = [&] {
    write_output(text.view());
    text.str({});
  };
  if (arguments.npy) {
    write_npy_header(text, {arguments.count, dimension});
    put_out();
  }
  processor->simulate(sample, [&](std::span<const float> values) {
    arguments.npy ? write_npy_values(text, values) : write_csv_values(text, values, dimension);
    put_out();
  });
}

}  // namespace

void add_simulate(CLI::App& app) {
  CLI::App* const command = app.add_subcommand("simulate", "Draws observations from a simulator at given parameters");
  const auto arguments = std::make_shared<Arguments>();
  command
      ->add_option(
          "NAME", arguments->simulator,
          "The simulator, which alfi info lists; or a header or a module of one's own, or a configuration (.yaml)")
      ->required();
  command
      ->add_option("--theta", arguments->theta, "Parameters in the order of the simulator's facts, with commas between")
      ->type_name("A,B");
  command
      ->add_option(
          "--prior-predictive", arguments->prior_draws,
          "Instead of --theta: this many sets of observations, each at a draw from the prior, into a .npy array")
      ->type_name("N");
  command->add_option("--theta-out", arguments->theta_out, "Where to write the draws from the prior")
      ->type_name("FILE.npy");
  command->add_option("--parameter", arguments->constants, "A constant of the simulator, as in simulator.parameters")
      ->type_name("NAME=VALUE")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  command->add_option("--count", arguments->count, "Observations, of each set where there are several")
      ->type_name("N")
      ->required();
  command->add_option("--seed", arguments->seed, "Names the random numbers; 1 if not given")->type_name("S");
  command->add_flag("--npy", arguments->npy, "As .npy to standard output");
  command->add_option("--out", arguments->out, "Where to; as .csv to standard output if not given")
      ->type_name("FILE.csv|.npy");
  command->add_flag("--force", arguments->force, "Replace a file of --out that holds other than numbers");
  arguments->backend.engine.backend = Backend::cpu;
  arguments->backend.add_to(*command);
  command->callback([arguments] { run_simulation(*arguments); });
}

}  // namespace alfi::cli
