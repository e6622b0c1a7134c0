// How fast whole meta-steps run, as a part of what the same cores reach with nothing but fma at the same time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "alfi/configuration.hpp"
#include "kernels/shape.hpp"
#include "src/processor.hpp"

namespace alfi {

struct Throughput {
  std::string backend;  ///< cpu or cuda
  std::string device;   ///< the instruction set, the device
  std::string kernels;  ///< of the encoder: fused or cublas
  Encoder encoder;      ///< how codes were computed
  int threads;
  std::int64_t episodes;          ///< that were measured
  int repetitions;                ///< they were measured in
  double episodes_per_second;     ///< median of the repetitions
  double slowest, fastest;        ///< of the repetitions, episodes per second
  double simulations_per_second;  ///< observations drawn, the real ones included
  double gflops;                  ///< meta_step_flops at that rate, whatever the encoder's path
  double peak_gflops;             ///< best of some rounds of fma before, between and after the repetitions
  double fraction_of_peak() const { return gflops / peak_gflops; }
};

/// Measures for about so many seconds after a warm-up, on the processor the configuration names; R of a range counts as
/// its mean. Throws InputError where the configuration does not fit into memory, RunError where it asks for what was
/// not built.
Throughput measure_throughput(const Configuration& configuration, double seconds);
Throughput measure_throughput(const Configuration& configuration, double seconds, std::unique_ptr<Processor> processor);

/// Floating-point operations of one episode's share of a meta-step: 2 a multiplication and addition of a linear layer,
/// nothing else (biases, activations, pooling, random numbers and the update are not counted). With w = Σ in·out over a
/// network's layers and w' the same without the first layer:
///
///   encoder     forward 2w, recomputed 2w, dW 2w, dX 2w'     for each of T·M·N + R observations
///   aggregator  forward 2w, recomputed 2w, dW 2w, dX 2w''    for each of T·M drawn parameters
///               forward 2v, dW 2v, dX 2v                     once
///   RIM         forward 2w, dW 2w, dX 2w                     for each of T iterations
///
/// (The encoder's input has no gradient; of the aggregator's, codes and s2 alone have one: w'' is w without the others'
/// part. v is the real code's part, which is not in w: it is the same for all parameters. The RIM's activations are
/// kept.) Where codes are looked up, most of the encoder's operations are not done: they are counted all the same.
double meta_step_flops(const Shape& shape);

}  // namespace alfi
