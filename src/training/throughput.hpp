// Speed of whole meta-steps, as a part of what their cores reach at that time with nothing but fma.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "alfi/configuration.hpp"
#include "src/backends/processor.hpp"

namespace alfi {

struct Throughput {
  std::string backend;  ///< cpu or cuda
  std::string device;   ///< the instruction set, the device
  std::string kernels;  ///< of the encoder: fused or cublas
  Encoder encoder;      ///< how codes were computed
  int threads;
  std::int64_t episodes;                     ///< that were measured
  int repetitions;                           ///< they were measured in
  double episodes_per_second;                ///< median of the repetitions
  double slowest, fastest;                   ///< of the repetitions, episodes per second
  double simulations_per_second;             ///< observations drawn, the real ones included
  double gflops;                             ///< meta_step_flops at that rate, whatever the encoder's path
  double peak_gflops;                        ///< best of some rounds of fma before, between and after the repetitions
  double predicted_episodes_per_second = 0;  ///< by src/engine/cost.hpp; 0 where core_speed() is, on a device
  double predicted_training_seconds = 0;     ///< of the whole training; 0 there
  double simulator_seconds = 0;  ///< of a core an episode, of the simulator alone; 0 on a device that has its kernels
  /// Returns the simulator's part of the cores' time.
  double simulator_share() const { return simulator_seconds * episodes_per_second / threads; }
  double fraction_of_peak() const { return gflops / peak_gflops; }
};

/// Measures for about `seconds` after a warm-up, on the processor the configuration names; R of a range counts as
/// its mean. Throws InputError where the configuration does not fit into memory, RunError where it asks for what was
/// not built.
Throughput measure_throughput(const Configuration& configuration, double seconds);
Throughput measure_throughput(const Configuration& configuration, double seconds, std::unique_ptr<Processor> processor);

}  // namespace alfi
