#include "src/backends/cuda/device_sampling.hpp"

#include <algorithm>
#include <array>

#include "src/backends/cuda/launcher.hpp"

namespace alfi::cuda {
namespace {

/// Observations of a sample that are on their way at once, and blocks a multiprocessor gets of them.
constexpr std::int64_t sample_piece = 1 << 18;
constexpr int sample_blocks = 8;

}  // namespace

void draw_sample_on_device(Runtime& runtime, const Stream& stream, int multiprocessors, LibraryHandle library,
                           Sample sample, const std::function<void(std::span<const float>)>& sink) {
  const int X = sample.X;
  const std::int64_t all = sample.count, largest = std::min(sample_piece, all);
  const DeviceArray<float> x(runtime, largest * X);
  // One piece is drawn while the sink has the other.
  struct Piece {
    PinnedArray<float> x;
    Event there;
  };
  std::array<Piece, 2> pieces;
  for (Piece& piece : pieces) piece = {PinnedArray<float>(runtime, largest * X), make_event(runtime)};
  const Drained drained(runtime, stream);
  const auto count_of = [&](std::int64_t first) { return std::min(sample_piece, all - first); };
  const auto piece_of = [&](std::int64_t first) -> const Piece& {
    return pieces[static_cast<std::size_t>(first / sample_piece % 2)];
  };
  const auto bytes_of = [&](std::int64_t first) {
    return static_cast<std::size_t>(count_of(first) * X) * sizeof(float);
  };
  const auto put = [&](std::int64_t first) {
    DeviceWork work{};
    work.sample = sample;
    work.sample.first = first;
    work.sample.count = count_of(first);
    work.sample.x = x.data();
    work.sample_blocks = static_cast<int>(std::min<std::int64_t>(
        sample_blocks * multiprocessors, (work.sample.count + device_threads - 1) / device_threads));
    Launcher(runtime, stream, {}, LaunchPlan{}, {.library = library})
        .kernel(DeviceKernel::draw_sample, work.sample_blocks, work);
    const Piece& piece = piece_of(first);
    require(runtime.copy_to_host(piece.x.data(), x.data(), bytes_of(first), stream.get()),
            "copying a sample to the host");
    require(runtime.record(piece.there.get(), stream.get()), "marking a piece's end");
  };
  put(0);
  for (std::int64_t first = 0; first < all; first += sample_piece) {
    if (first + sample_piece < all) put(first + sample_piece);
    const Piece& piece = piece_of(first);
    require(runtime.synchronize_event(piece.there.get()), "drawing a sample");
    sink({piece.x.data(), static_cast<std::size_t>(count_of(first) * X)});
  }
}

}  // namespace alfi::cuda
