// meta_step PATH: one meta-step of 32 episodes (two tiles) on one thread, its codes computed by PATH: dense, table or
// segments. For instruction_counts_test.sh, which counts what happens in HostProcessor::submit.
#include <fmt/format.h>

#include <cstdio>

#include "src/engine/engine.hpp"
#include "src/model/model.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string path = argv[1];
  const alfi::Configuration configuration = alfi::parse_configuration(fmt::format(
      "{{simulator: {{name: {}}}, episode: {{iterations: 3, thetas: 10, observations: 20, real_observations: 100}}, "
      "training: {{meta_batch: 32}}, engine: {{backend: cpu, encoder: {}, threads: 1}}}}",
      path == "table" ? "poisson" : "gaussian", path));
  alfi::Engine engine(configuration, {{0.0F}, {1.0F}});  // no pilot: it is none of a meta-step's business
  engine.begin(alfi::initial_state(engine.layout(), 1));
  const alfi::MetaStep steps[] = {{0, 1e-3, 0}};
  engine.submit(steps);
  const double loss = engine.collect().front().loss;
  std::printf("%s: loss %g\n", argv[1], loss);
  return loss == loss ? 0 : 1;
}
