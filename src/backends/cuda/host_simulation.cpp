#include "src/backends/cuda/host_simulation.hpp"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <utility>

#include "src/system/instruction_set.hpp"

namespace alfi::cuda {

HostSimulation::HostSimulation(Runtime& runtime, const Stream& stream, tbb::task_arena& arena,
                               const EpisodeSettings<float>& settings, const TilesOfDevice& tiles)
    : runtime_(runtime), stream_(stream), arena_(arena), settings_(settings), tiles_(tiles) {
  const Shape& shape = settings.shape;
  const std::int64_t lanes = std::int64_t{tiles.slots} * tile_lanes;
  truth_ = PinnedArray<float>(runtime, lanes * shape.D);
  real_ = PinnedArray<float>(runtime, lanes * shape.X * shape.R);
  theta_ = PinnedArray<float>(runtime, lanes * shape.M * shape.D);
  x_ = PinnedArray<float>(runtime, lanes * shape.M * shape.N * shape.X);
  clamped_ = PinnedArray<float>(runtime, lanes * shape.M);
  counts_ = PinnedArray<float>(runtime, lanes * shape.M);
  inputs_ = PinnedArray<TileInput<float>>(runtime, tiles.slots);
}

void HostSimulation::copy_to_host(const PinnedArray<float>& to, const float* from, std::int64_t size, int slots) {
  require(runtime_.copy_rows_to_host(to.data(), from, static_cast<std::size_t>(tiles_.tile_size) * sizeof(float),
                                     static_cast<std::size_t>(size) * sizeof(float), static_cast<std::size_t>(slots),
                                     stream_.get()),
          "copying parameters to the host");
}

void HostSimulation::copy_to_device(float* to, const float* from, std::int64_t pitch, std::int64_t size, int slots) {
  const auto bytes = [](std::int64_t numbers) { return static_cast<std::size_t>(numbers) * sizeof(float); };
  require(runtime_.copy_rows_to_device(to, bytes(tiles_.tile_size), from, bytes(pitch), bytes(size),
                                       static_cast<std::size_t>(slots), stream_.get()),
          "copying observations to the device");
}

void HostSimulation::call(int slots, std::function<void(int)> body) {
  bodies_.push_back([this, slots, body = std::move(body)] {
    if (failed_) return;
    try {
      arena_.execute([&] { tbb::parallel_for(0, slots, body); });
    } catch (...) {
      failed_ = true;
      const std::lock_guard guard(mutex_);
      if (!thrown_) thrown_ = std::current_exception();
    }
  });
  require(runtime_.call(bodies_.back(), stream_.get()), "calling the simulator");
}

void HostSimulation::put_problems(const DeviceWork& work) {
  const std::size_t bytes = static_cast<std::size_t>(work.tile_count) * sizeof(TileInput<float>);
  require(runtime_.copy_to_host(inputs_.data(), tiles_.inputs, bytes, stream_.get()), "copying problems to the host");
  if (!work.draws.problem) return;
  put_real(work);
  require(runtime_.copy_to_device(tiles_.inputs, inputs_.data(), bytes, stream_.get()),
          "copying problems to the device");
}

void HostSimulation::put_real(const DeviceWork& work) {
  const Shape& shape = settings_.shape;
  const int slots = work.tile_count, rows = shape.R * tile_lanes;
  const std::int64_t pitch = std::int64_t{shape.X} * rows, parameters = std::int64_t{shape.D} * tile_lanes;
  copy_to_host(truth_, tiles_.first->truth, parameters, slots);
  call(slots, [this, pitch, rows, parameters](int slot) {
    Tile<float> tile{};
    tile.input = inputs_.data() + slot;
    tile.truth = truth_.data() + slot * parameters;
    tile.real = {real_.data() + slot * pitch, rows};
    host_kernels().simulate_real(settings_, tile);
  });
  for (int k = 0; k < shape.X; ++k)
    copy_to_device(tiles_.first->real.at(k, 0), real_.data() + std::int64_t{k} * rows, pitch, rows, slots);
}

void HostSimulation::put_proposals(const DeviceWork& work) {
  const Shape& shape = settings_.shape;
  const int slots = work.tile_count, first = work.iteration * shape.M, rows = shape.M * shape.N * tile_lanes;
  const std::int64_t lanes = std::int64_t{shape.M} * tile_lanes, pitch = std::int64_t{shape.X} * rows;
  const Tile<float>& tile = *tiles_.first;
  copy_to_host(theta_, tile.theta + std::int64_t{first} * shape.D * tile_lanes, shape.D * lanes, slots);
  call(slots, [this, first, rows, lanes, pitch](int slot) {
    const Shape& shape = settings_.shape;
    float* const counts = counts_.data() + slot * lanes;
    std::fill_n(counts, lanes, static_cast<float>(shape.N));
    host_kernels().simulate_proposals(settings_, inputs_.data()[slot],
                                      {.first = first,
                                       .count = shape.M,
                                       .theta = theta_.data() + slot * shape.D * lanes,
                                       .clamped = clamped_.data() + slot * lanes,
                                       .counts = counts,
                                       .x = {x_.data() + slot * pitch, rows}});
  });
  for (int k = 0; k < shape.X; ++k)
    copy_to_device(tile.x.at(k, first * shape.N * tile_lanes), x_.data() + std::int64_t{k} * rows, pitch, rows, slots);
  copy_to_device(tile.clamped + std::int64_t{first} * tile_lanes, clamped_.data(), lanes, lanes, slots);
  copy_to_device(tile.count + std::int64_t{first} * tile_lanes, counts_.data(), lanes, lanes, slots);
}

void HostSimulation::rethrow() {
  const std::lock_guard guard(mutex_);
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

}  // namespace alfi::cuda
