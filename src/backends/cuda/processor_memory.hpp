// Memory that a CUDA processor has on its device: of a batch, and of a training.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "src/backends/cuda/cuda_processor.hpp"
#include "src/backends/cuda/host_simulation.hpp"

namespace alfi::cuda {

/// Windows in flight: one at work while the host looks at the other.
inline constexpr int windows = 2;
/// Groups of weights that a block of the update's launches takes.
inline constexpr int groups_per_block = device_threads / tile_lanes;

/// A batch's memory on the device, and the work its kernels are given.
struct CudaProcessor::Batch {
  LaunchPlan plan;
  DeviceWork work{};
  std::vector<Tile<float>> tiles_of_device;  // as `tiles`, for the host to know their arrays

  DeviceArray<float> weights, iteration_weight, mean, scale, count_input;
  DeviceArray<ParameterUnits> parameters;
  DeviceArray<float> maps;  ///< theirs, one after the other
  DeviceArray<std::uint32_t> above;
  DeviceArray<float> tile_memory, codes, fast;
  DeviceArray<float> wide, ones;  // of an encoder's products
  DeviceArray<Tile<float>> tiles;
  DeviceArray<TileInput<float>> inputs;
  DeviceArray<float> partials, squares, norm;
  DeviceArray<StepInput> step_inputs;
  DeviceArray<int> position;
  PinnedArray<float> results;  // of a chunk's tiles, for the host
  PinnedArray<TileInput<float>> result_inputs;
  LibraryHandle library = nullptr;         ///< kernels of the simulator's own; null where it has none
  std::unique_ptr<HostSimulation> hosted;  ///< null where kernels have the simulator

  OwnSimulator own_simulator() const { return {library, hosted.get()}; }
  int chunk_size(int first) const { return std::min(plan.slots, plan.tiles - first); }
  Launcher::Observations observations() const {
    return {tiles_of_device.front().x, tiles_of_device.front().real, ones.data()};
  }
};

struct CudaProcessor::Training {
  TrainingPlan plan;
  Batch batch;
  TrainingState state;  // of the host, behind the device's
  int steps;            // of a window, at most
  DeviceArray<float> first_moment, second_moment, average, losses;
  DeviceArray<std::int32_t> clamped, left_out;
  DeviceArray<double> loss_sums;
  DeviceArray<std::int64_t> clamped_sums, left_out_sums, first_update;
  DeviceArray<UpdateCounts> counts;
  DeviceArray<UpdateFactors> factors;
  DeviceArray<float> rates;
  DeviceArray<StepOutput> outputs;

  /// Memory that the host writes for a window and reads of it; one for each in flight.
  struct Window {
    PinnedArray<StepInput> inputs;
    PinnedArray<float> rates;
    PinnedArray<int> position;
    PinnedArray<std::int64_t> first_update;
    PinnedArray<UpdateFactors> factors;
    PinnedArray<StepOutput> outputs;
    Event done;
  };
  std::array<Window, windows> ring;
  struct Submitted {
    int window, steps;
  };
  std::deque<Submitted> in_flight;
  int next_window = 0;
  UpdateCounts collected{};  // counts after the steps collected so far
  Graph graph;               // of one step
};

template <class T>
DeviceArray<T> CudaProcessor::on_device(const T* host, std::int64_t size, const char* what) {
  DeviceArray<T> array(*runtime_, size);
  if (size > 0)
    require(runtime_->copy_to_device(array.data(), host, array.bytes(), stream_.get()),
            fmt::format("copying {} to the device", what));
  return array;
}

}  // namespace alfi::cuda
