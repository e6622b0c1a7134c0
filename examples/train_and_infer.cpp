// Trains a machine to infer a Poisson rate, then asks it about counts it has never seen.
//
//   train_and_infer [STEPS]      1500 steps: a useful machine in about a minute; 10: a quick look
//
// The configuration could as well be a file: alfi::load_configuration("examples/demo.yaml").
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <vector>

#include "alfi/configuration.hpp"
#include "alfi/error.hpp"
#include "alfi/machine.hpp"
#include "alfi/simulators.hpp"
#include "alfi/trainer.hpp"

int main(int argc, char** argv) try {
  alfi::Configuration configuration;
  configuration.simulator.name = "poisson";
  configuration.simulator.transform = alfi::Transform::sqrt;
  configuration.episode.real_observations = {50, 500};  // it may be asked about any number between these
  configuration.training.steps = argc > 1 ? std::atoi(argv[1]) : 1500;

  const std::filesystem::path run = "poisson_run";
  alfi::TrainingOptions options;
  options.force = true;  // a run that is there already is replaced
  options.progress = [](const alfi::TrainingProgress& now) {
    if (now.step % 100 == 0) std::cerr << "step " << now.step << " of " << now.steps << ", loss " << now.loss << '\n';
    return true;  // false would stop here; the run could be resumed
  };
  alfi::train(configuration, run, options);

  // 200 counts at a rate of 20; θ is its logarithm.
  const std::vector<float> counts = alfi::simulate("poisson", {std::log(20.0)}, 200, 1);
  const alfi::Machine machine = alfi::Machine::load(run);
  const alfi::Posterior posterior = machine.infer(counts, static_cast<int>(counts.size()));

  for (const alfi::ParameterEstimate& parameter : posterior.parameters)
    std::cout << parameter.name << " = " << parameter.mean << ", with probability " << posterior.level << " in ["
              << parameter.lower << ", " << parameter.upper << "]; the truth is " << std::log(20.0) << '\n';
  for (const alfi::Warning& warning : posterior.warnings) std::cout << "warning: " << warning.text << '\n';
  return 0;
} catch (const alfi::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
