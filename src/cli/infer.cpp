// alfi infer: parameters with intervals from a file of observations, beside maximum likelihood.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alfi/machine.hpp"
#include "alfi/simulators.hpp"
#include "kernels/choice_facts.hpp"
#include "src/cli/backend.hpp"
#include "src/cli/command.hpp"
#include "src/cli/machine_arguments.hpp"
#include "src/exact/exact.hpp"
#include "src/formats/observations.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::cli {
namespace {

struct Arguments {
  MachineArguments machine;
  std::filesystem::path data;
  InferenceOptions inference;
  BackendArguments backend;
  bool json = false;
};

/// A line of the answer: a parameter, or e to the power of one that is a logarithm.
struct Line {
  std::string name, unit;
  double estimate, deviation, lower, upper, maximum_likelihood;
};

std::vector<Line> lines_of(const Posterior& posterior, const std::vector<double>& maximum_likelihood) {
  std::vector<Line> lines, powers;
  for (std::size_t d = 0; d < posterior.parameters.size(); ++d) {
    const ParameterEstimate& p = posterior.parameters[d];
    const double most_likely = maximum_likelihood.empty() ? std::nan("") : maximum_likelihood[d];
    lines.push_back({p.name, p.unit, p.mean, p.deviation, p.lower, p.upper, most_likely});
    if (p.name.starts_with("log_"))
      powers.push_back({p.name.substr(4), p.unit.starts_with("log ") ? p.unit.substr(4) : p.unit, std::exp(p.mean),
                        std::nan(""), std::exp(p.lower), std::exp(p.upper), std::exp(most_likely)});
  }
  lines.insert(lines.end(), powers.begin(), powers.end());
  return lines;
}

std::string number(double value) { return std::isnan(value) ? "-" : fmt::format("{:.5g}", value); }

void print_table(const Posterior& posterior, const std::vector<Line>& lines) {
  const std::string row = "{:<16} {:<12} {:>10} {:>10}   {:<24} {:>10}\n";
  fmt::print(fmt::runtime(row), "parameter", "unit", "estimate", "deviation",
             fmt::format("{:g} % interval", 100 * posterior.level), "max. likelihood");
  for (const Line& line : lines)
    fmt::print(fmt::runtime(row), line.name, line.unit, number(line.estimate), number(line.deviation),
               std::isnan(line.lower) ? "-" : fmt::format("[{}, {}]", number(line.lower), number(line.upper)),
               number(line.maximum_likelihood));
}

/// Prints the correlations of each parameter with the ones before it, where the machine learned them.
void print_correlations(const Posterior& posterior) {
  const std::size_t D = posterior.parameters.size();
  fmt::print("\ncorrelation\n");
  for (std::size_t i = 1; i < D; ++i) {
    fmt::print("{:<16}", posterior.parameters[i].name);
    for (std::size_t j = 0; j < i; ++j) fmt::print(" {:>6.2f}", posterior.correlation[i * D + j]);
    fmt::print("\n");
  }
}

void print_json(const Machine& machine, const Posterior& posterior, int count, const std::vector<Line>& lines) {
  nlohmann::ordered_json json{{"simulator", simulator_name(machine.configuration().simulator)},
                              {"step", machine.step()},
                              {"observations", count},
                              {"used", posterior.used},
                              {"replicates", posterior.replicates},
                              {"level", posterior.level},
                              {"parameters", nlohmann::ordered_json::array()}};
  for (const Line& line : lines)  // what is NaN becomes null
    json["parameters"].push_back({{"name", line.name},
                                  {"unit", line.unit},
                                  {"estimate", line.estimate},
                                  {"deviation", line.deviation},
                                  {"lower", line.lower},
                                  {"upper", line.upper},
                                  {"maximum_likelihood", line.maximum_likelihood}});
  if (!posterior.correlation.empty()) {  // a row a parameter
    const std::size_t D = posterior.parameters.size();
    for (std::size_t i = 0; i < D; ++i) {
      const auto row = posterior.correlation.begin() + static_cast<std::ptrdiff_t>(i * D);
      json["correlation"].push_back(std::vector<double>(row, row + static_cast<std::ptrdiff_t>(D)));
    }
  }
  json["warnings"] = posterior.warnings;
  fmt::print("{}\n", json.dump(2));
}

void infer(const Arguments& arguments) {
  const Machine machine = arguments.machine.load();
  const SimulatorInfo simulator = find_simulator(machine.configuration());
  const Observations data = read_observations(arguments.data, simulator.observations);
  InferenceOptions options = arguments.inference;
  options.backend = arguments.backend.engine.backend;
  options.device = arguments.backend.engine.device;
  const Posterior posterior = machine.infer(data.values, data.count, options);
  const auto exact = make_exact_inference(simulator);
  const std::vector<double> maximum_likelihood =
      exact ? exact->infer(data.values).maximum_likelihood : std::vector<double>{};
  for (const std::string& warning : posterior.warnings) fmt::print(stderr, "warning: {}\n", warning);
  const std::vector<Line> lines = lines_of(posterior, maximum_likelihood);
  if (arguments.json)
    print_json(machine, posterior, data.count, lines);
  else
    print_table(posterior, lines);
  if (!arguments.json && couples(machine.configuration().proposal.family)) print_correlations(posterior);
}

}  // namespace

void add_infer(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand("infer", "Parameters, with intervals, from a file of observations");
  arguments->machine.add_to(*command, "run", "Run folder (its newest checkpoint is used) or checkpoint file");
  command->add_option("--data", arguments->data, "Observations, .csv or .npy, one a row")->required();
  command->add_option("--level", arguments->inference.level, "Probability of the intervals")->capture_default_str();
  command->add_option("--iterations", arguments->inference.iterations, "Iterations T; 0: as configured");
  command->add_option("--replicates", arguments->inference.replicates,
                      "Rollouts an answer combines: 1, 2, 4, 8 or 16; 0: as configured");
  command->add_option("--seed", arguments->inference.seed,
                      "Names the simulations' random numbers, together with the data; as configured if not given");
  arguments->backend.engine.backend = Backend::cpu;
  arguments->backend.add_to(*command);
  command->add_flag("--json", arguments->json, "One JSON object to standard output");
  command->callback([arguments] { infer(*arguments); });
}

}  // namespace alfi::cli
