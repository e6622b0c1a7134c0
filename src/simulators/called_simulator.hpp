// A simulator that is called with batches, in the form that kernels know: facts of plain text, and functions for tiles
// and samples.
#pragma once

#include <cstdint>
#include <string>

#include "alfi/simulators.hpp"
#include "kernels/episode/called_simulator.hpp"

namespace alfi {

/// Says what a batch asks for.
std::string question_text(const SimulatorBatch& batch);

/// Returns a hash of what a simulator says of itself.
std::uint64_t facts_hash(const Simulator& simulator);

class CalledSimulator {
 public:
  /// Throws InputError where its facts contradict themselves.
  explicit CalledSimulator(Simulator simulator);
  CalledSimulator(const CalledSimulator&) = delete;
  CalledSimulator& operator=(const CalledSimulator&) = delete;

  const SimulatorFacts& facts() const { return facts_; }
  /// Returns functions that serve in every instruction set.
  const HostSimulator& functions() const { return functions_; }

 private:
  void simulate(const ObservationUnits<float>& units, const Simulation& to) const;
  void draw_sample(const Sample& sample) const;

  Simulator simulator_;
  SimulatorFacts facts_;
  HostSimulator functions_;
};

}  // namespace alfi
