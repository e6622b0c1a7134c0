// Codes looked up, on the CPU: built from a step's weights, used by all its tiles, and their gradient brought together.
#pragma once

#include <functional>
#include <vector>

#include "kernels/launch/host_kernels.hpp"
#include "src/system/lane_memory.hpp"

namespace alfi {

/// Runs body(number, memory) for numbers below count, on any threads; memory is for networks of this shape.
using EachBlock =
    std::function<void(const Shape&, int count, const std::function<void(int, const BlockMemory<float>&)>& body)>;

class HostLookup {
 public:
  HostLookup(const HostKernels& kernels, EachBlock each_block);

  /// Says whether codes can be looked up with these weights: not where the encoder has too many segments, or a weight
  /// is not finite. Called before anything else.
  bool build(const EpisodeSettings<float>& settings);

  /// Returns what the tiles draw and encode with.
  const EpisodeSettings<float>& settings() const { return settings_; }
  LookupEncoder<float> encoder() const { return {lookup_, network_units_}; }

  /// Makes room for the sums of `partials` partial sums, not yet zero.
  void begin_sums(int partials);
  /// Zeroes one.
  void clear(int partial);
  void add(const Tile<float>& tile, int partial);

  /// Makes the encoder's gradient from all of them, in partial sums of encoder_size one after the other. Returns their
  /// number, at most most_pieces.
  int finish(int partials, float* gradients);

 private:
  LookupSums<float> sums(int partial);

  const HostKernels& kernels_;
  EachBlock each_block_;
  LaneMemory<float> memory_, sums_;
  LaneMemory<double> search_memory_;
  EpisodeSettings<float> settings_{};
  ObservationUnits<float> network_units_{};
  Lookup<float> lookup_{};
  ListedRows<float> listed_{};
  std::int64_t sums_size_ = 0;
};

}  // namespace alfi
