#include "tests/race/tapes.hpp"

#include <cmath>

#include "tests/support/oracle.hpp"

namespace alfi::test {
namespace {

/// A part block of observations (18 = 16 + 2) and of parameters (17 = 16 + 1), moments, scores, and no clamp behind
/// which a gradient could vanish. At the initial scale too little of the observations reaches the loss for float32 to
/// see all that is missing in a gradient. At three times that s2's, the faintest, is a part in 300 of some tensor's.
Tape wide(std::uint64_t seed) {
  EpisodeSettings s;
  s.T = 2, s.M = 17, s.N = 3, s.R = 18, s.D = 2, s.X = 2;
  s.encoder_hidden = 7, s.encoder_code = 3;
  s.aggregator_hidden = 6, s.aggregator_code = 5;
  s.rim_hidden = 6, s.rim_state = 4;
  s.pooling = Pooling::moments;
  s.weights = Weights::constant;
  s.update = Update::tanh;
  s.real_count_input = true;
  Tape tape = random_tape(s, 3, seed, true);
  for (auto& [name, values] : tape.parameters)
    if (!name.starts_with("rim.fc4_layer"))
      for (double& value : values) value *= 3.0;
  tape.outputs = run_oracle(tape);
  return tape;
}

/// Three dimensions coupled in the proposal, and the loss with weights of its own.
Tape coupled(std::uint64_t seed) {
  EpisodeSettings s;
  s.T = 2, s.M = 9, s.N = 2, s.R = 3, s.D = 3, s.X = 2;
  s.encoder_hidden = 5, s.encoder_code = 3;
  s.aggregator_hidden = 6, s.aggregator_code = 5;
  s.rim_hidden = 6, s.rim_state = 4;
  s.family = Family::gaussian_full;
  s.loss = Loss::beta_normal;
  s.beta = 0.5;
  s.update = Update::tanh;
  Tape tape = random_tape(s, 3, seed);
  for (auto& [name, values] : tape.parameters)
    if (!name.starts_with("rim.fc4_layer"))
      for (double& value : values) value *= 3.0;
  tape.outputs = run_oracle(tape);
  return tape;
}

/// A clamp, the mean, the loss and the weights that wide() has not, and more iterations.
Tape narrow(std::uint64_t seed) {
  EpisodeSettings s;
  s.T = 3, s.M = 2, s.N = 5, s.R = 4, s.D = 1, s.X = 1;
  s.encoder_hidden = 5, s.encoder_code = 2;
  s.aggregator_hidden = 4, s.aggregator_code = 3;
  s.rim_hidden = 11, s.rim_state = 6;
  s.family = Family::gaussian_fixed;
  s.loss = Loss::mse;
  s.weights = Weights::oi;
  return random_tape(s, 3, seed, true);
}

}  // namespace

Tape lookup_tape(std::uint64_t seed) {
  EpisodeSettings s;
  s.T = 2, s.M = 3, s.N = 6, s.R = 18, s.D = 1, s.X = 1;
  s.encoder_hidden = 9, s.encoder_code = 18;  // two sixteens of a code
  s.aggregator_hidden = 6, s.aggregator_code = 5;
  s.rim_hidden = 6, s.rim_state = 4;
  s.pooling = Pooling::moments;
  s.update = Update::tanh;
  Tape tape = random_tape(s, 3, seed, true);
  for (auto& [name, values] : tape.parameters)
    if (!name.starts_with("rim.fc4_layer"))
      for (double& value : values) value *= 3.0;
  for (std::vector<double>* const x : {&tape.x_real, &tape.x_gen})
    for (std::size_t i = 0; i < x->size(); i += 2) (*x)[i] = std::round(4 * (*x)[i] + 2);
  tape.outputs = run_oracle(tape);
  return tape;
}

std::vector<Tape> race_tapes(std::uint64_t seed) { return {wide(seed), narrow(seed), coupled(seed)}; }

}  // namespace alfi::test
