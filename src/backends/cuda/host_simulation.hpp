// Simulators of the host between a device's kernels: programs, functions, and modules without kernels of their own.
// Parameters are copied to the host, which simulates them on its cores, and the observations back.
//
// All of it is put on the stream, so that a graph keeps it. The kernels themselves simulate nothing: none of them has
// such a simulator.
#pragma once

#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

#include "src/backends/cuda/resources.hpp"

namespace alfi::cuda {

/// Tiles of a chunk, as the device has them.
struct TilesOfDevice {
  const Tile<float>* first;  ///< the first slot's, whose arrays the others' follow
  TileInput<float>* inputs;  ///< (slots)
  int slots;
  std::int64_t tile_size;  ///< numbers from one slot's arrays to the next one's
};

class HostSimulation {
 public:
  /// Keeps the settings, which point to the host's memory, and the references. Takes pinned memory for all slots.
  HostSimulation(Runtime& runtime, const Stream& stream, tbb::task_arena& arena, const EpisodeSettings<float>& settings,
                 const TilesOfDevice& tiles);

  /// Puts the problems of the work's tiles on the stream, after they were described; with their real observations, if
  /// these are drawn.
  void put_problems(const DeviceWork& work);
  /// Puts the observations of iteration work.iteration on the stream, after its parameters were proposed.
  void put_proposals(const DeviceWork& work);

  /// Throws what a simulator threw, once the stream was waited for.
  void rethrow();

 private:
  void put_real(const DeviceWork& work);
  void copy_to_host(const PinnedArray<float>& to, const float* from, std::int64_t size, int slots);
  /// Copies `size` numbers of each slot, which are `pitch` numbers apart on the host.
  void copy_to_device(float* to, const float* from, std::int64_t pitch, std::int64_t size, int slots);
  /// Puts body(slot), for every slot, on the stream.
  void call(int slots, std::function<void(int)> body);

  Runtime& runtime_;
  const Stream& stream_;
  tbb::task_arena& arena_;
  EpisodeSettings<float> settings_;
  TilesOfDevice tiles_;
  PinnedArray<float> truth_, real_, theta_, x_, clamped_, counts_;
  PinnedArray<TileInput<float>> inputs_;
  std::deque<std::function<void()>> bodies_;  ///< a graph points to them
  std::atomic<bool> failed_ = false;          ///< nothing is simulated any more
  std::mutex mutex_;
  std::exception_ptr thrown_;
};

}  // namespace alfi::cuda
