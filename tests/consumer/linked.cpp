// Trains a machine of a simulator that is linked into the program, and loads it again.
#include <cstdio>

#include "alfi/machine.hpp"
#include "alfi/trainer.hpp"

int main(int, char** arguments) {
  alfi::Configuration configuration =
      alfi::parse_configuration("simulator: {name: decay, transform: log1p}\ntraining: {steps: 2, meta_batch: 16}\n");
  alfi::train(configuration, arguments[1]);
  const float x[] = {1, 2, 0.5F};
  const alfi::Posterior posterior = alfi::Machine::load(arguments[1]).infer(x, 3);
  std::printf("%s\n", posterior.parameters[1].name.c_str());
}
