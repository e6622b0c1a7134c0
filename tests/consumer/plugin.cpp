// A plug-in that has alfi in it: trains a machine and answers.
#include <filesystem>

#include "alfi/error.hpp"
#include "alfi/machine.hpp"
#include "alfi/trainer.hpp"

extern "C" __attribute__((visibility("default"))) double estimate(const char* run) try {
  const alfi::Configuration configuration =
      alfi::parse_configuration("simulator: {name: poisson}\ntraining: {steps: 2, meta_batch: 16}\n");
  alfi::train(configuration, run);
  const float counts[] = {3, 5, 2, 4};
  return alfi::Machine::load(run).infer(counts, 4).parameters[0].mean;
} catch (const alfi::RunError&) {
  return -1;
}
