// Puts the work of a chunk's tiles on a stream: kernels, and the products of an encoder too wide for them.
#pragma once

#include <cstdint>
#include <set>
#include <tuple>

#include "src/backends/cuda/host_simulation.hpp"
#include "src/backends/cuda/launch_plan.hpp"
#include "src/backends/cuda/resources.hpp"

namespace alfi::cuda {

/// Place of a simulator of one's own: kernels of a library, or the host. Neither, where alfi's kernels have the
/// simulator or nothing is simulated.
struct OwnSimulator {
  LibraryHandle library = nullptr;
  HostSimulation* hosted = nullptr;
};

class Launcher {
 public:
  /// Keeps references: all of them must live longer. `products` is not used with fused kernels.
  Launcher(Runtime& runtime, const Stream& stream, const Products& products, const LaunchPlan& plan,
           OwnSimulator simulator)
      : runtime_(runtime), stream_(stream), products_(products), plan_(plan), simulator_(simulator) {}

  void kernel(DeviceKernel kernel, int blocks, const DeviceWork& work) const;
  /// The forward pass over work's tiles, with gradients the backward passes too. x (X, T · M · N · 16) and real (X, R ·
  /// 16) are the observations of the first slot, `ones` are as many as a product has rows: all the device's.
  struct Observations {
    Rows<float> x, real;
    const float* ones;
  };
  void chunk(DeviceWork work, const Observations& observations) const;

  /// Launches no kernel from now on, and of the products computes one of each kind. Their results mean nothing; cuBLAS
  /// loads what it needs for them, which it cannot during a capture.
  void rehearse() {
    rehearsing_ = true;
    simulator_.hosted = nullptr;
  }

 private:
  int blocks(const DeviceWork& work) const;
  void encode(const DeviceWork& work) const;
  /// Calls pass(work) for the observations of work's iteration, wide_observations at a time.
  template <class Pass>
  void each_pass(DeviceWork work, Pass pass) const;
  /// Computes hidden1 and hidden2 of a pass.
  void hidden_layers(const DeviceWork& work) const;
  void encoder_gradient(DeviceWork work, const Observations& observations) const;
  /// Computes y = W x of this layer.
  void forward(const DeviceWork& work, const Linear& layer, Rows<float> x, Rows<float> y, std::int64_t y_stride) const;
  /// Computes dx = Wᵀ dy.
  void input_gradient(const DeviceWork& work, const Linear& layer, Rows<float> dy, Rows<float> dx) const;
  /// Computes dW += dy xᵀ and db += Σ dy, into the partial sums of the tiles. x of the next slot is x_stride further.
  void weight_gradient(const DeviceWork& work, const Linear& layer, Rows<float> dy, Rows<float> x,
                       std::int64_t x_stride, Precision precision, const float* ones) const;
  void multiply(const Product& product) const;

  Runtime& runtime_;
  const Stream& stream_;
  const Products& products_;
  const LaunchPlan& plan_;
  OwnSimulator simulator_;
  bool rehearsing_ = false;
  /// Sizes, steps, strides, transpositions and precision of the products so far.
  using Kind = std::tuple<int, int, int, int, int, int, int, std::int64_t, std::int64_t, std::int64_t, bool, bool, bool,
                          Precision>;
  mutable std::set<Kind> rehearsed_;
};

}  // namespace alfi::cuda
