// The few calls of the CUDA runtime and of cuBLAS the engine makes, as an interface: device_runtime.cpp makes them on a
// device, the tests on a simulated one. Nothing here needs the toolkit.
//
// A runtime is bound to one device, and leaves the caller's selected. Calls return a status; what a failed one gave
// back is not to be used. Several threads may use runtimes of one device, each its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "kernels/launch/device.hpp"
#include "kernels/networks/moments.hpp"

namespace alfi::cuda {

enum class Failure {
  none,
  no_device,   ///< none there, or no driver that could tell
  bad_device,  ///< no device of this number
  taken,       ///< another process has the device to itself
  out_of_memory,
  no_binary,     ///< the kernels were not built for this device
  not_compiled,  ///< there is PTX for this device, of which the driver made no machine code
  device_lost,   ///< it fell off the bus, or its driver was reset
  kernel,        ///< a kernel failed; nothing works in this process any more
  other
};

struct Status {
  Failure failure = Failure::none;
  std::string text;  ///< what the runtime calls it

  bool ok() const { return failure == Failure::none; }
};

struct DeviceProperties {
  std::string name;
  int major, minor;  ///< compute capability
  int multiprocessors;
  std::int64_t shared_bytes;  ///< most a block can have, asked for explicitly
  std::int64_t shared_bytes_per_multiprocessor;
};

struct DeviceMemory {
  std::int64_t free, total;
};

/// Handles of the runtime's.
using StreamHandle = void*;
using EventHandle = void*;
using GraphHandle = void*;
using ProductsHandle = void*;
using LibraryHandle = void*;

struct Launch {
  DeviceKernel kernel;
  Variant variant;
  int blocks;
  int shared_bytes;
  LibraryHandle library = nullptr;  ///< where the kernel is; null: among alfi's own
};

class Scratch;

/// A matrix by columns, as BLAS has it: element (i, j) is data[i + j · step], where `transposed` data[j + i · step].
/// The same of the next in a batch is `stride` numbers further.
struct Matrix {
  const float* data;
  int step;
  std::int64_t stride;
  bool transposed;
};

/// c (m, n) = a (m, k) b (k, n), or += where it is `added`, for a batch of `count`. Operands are rounded as `precision`
/// says, fp32 or bf16; sums are float's.
struct Product {
  int m, n, k;
  Matrix a, b;
  float* c;
  int c_step;
  std::int64_t c_stride;
  bool added;
  int count;
  Precision precision;
};

class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual Status properties(DeviceProperties& properties) = 0;
  virtual Status memory(DeviceMemory& memory) = 0;

  virtual Status allocate(std::size_t bytes, void*& pointer) = 0;
  virtual void release(void* pointer) noexcept = 0;
  /// Allocates host memory that the device can reach.
  virtual Status allocate_pinned(std::size_t bytes, void*& pointer) = 0;
  virtual void release_pinned(void* pointer) noexcept = 0;

  virtual Status create_stream(StreamHandle& stream) = 0;
  virtual void destroy_stream(StreamHandle stream) noexcept = 0;
  /// Waits for all that was put on the stream.
  virtual Status synchronize(StreamHandle stream) = 0;

  virtual Status create_event(EventHandle& event) = 0;
  virtual void destroy_event(EventHandle event) noexcept = 0;
  virtual Status record(EventHandle event, StreamHandle stream) = 0;
  /// Waits for all that was on the stream when the event was recorded.
  virtual Status synchronize_event(EventHandle event) = 0;

  /// Loads the kernels with a simulator of one's own: PTX, which the driver compiles for the device.
  virtual Status load(const char* ptx, LibraryHandle& library) = 0;
  virtual void unload(LibraryHandle library) noexcept = 0;

  // Put work on a stream, which does it in order.
  virtual Status copy_to_device(void* to, const void* from, std::size_t bytes, StreamHandle stream) = 0;
  virtual Status copy_to_host(void* to, const void* from, std::size_t bytes, StreamHandle stream) = 0;
  /// Copies `rows` rows of `bytes` bytes, which are `pitch` bytes apart on the device and one behind the other on the
  /// host.
  virtual Status copy_rows_to_host(void* to, const void* from, std::size_t pitch, std::size_t bytes, std::size_t rows,
                                   StreamHandle stream) = 0;
  /// Copies rows to rows, `to_pitch` and `from_pitch` bytes apart.
  virtual Status copy_rows_to_device(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                                     std::size_t bytes, std::size_t rows, StreamHandle stream) = 0;
  /// Calls body() on a thread of the runtime's, which may make no call of the runtime. It lives until the stream, and
  /// every graph that keeps the call, are done with it, and throws nothing.
  virtual Status call(const std::function<void()>& body, StreamHandle stream) = 0;
  /// Sets all bytes to 0.
  virtual Status clear(void* pointer, std::size_t bytes, StreamHandle stream) = 0;
  virtual Status launch(const Launch& launch, const DeviceWork& work, StreamHandle stream) = 0;
  /// Sorts `values` (count) in ascending order, in place. The scratch has to last until the stream is at rest.
  virtual Status sort(double* values, std::int64_t count, Scratch& scratch, StreamHandle stream) = 0;
  /// Computes `to` (pieces.size()), the moments of each piece.
  virtual Status moments(const MomentsOfPieces& pieces, Moments* to, StreamHandle stream) = 0;

  /// Products are put on this stream and use this memory, so that a graph can keep them.
  virtual Status create_products(StreamHandle stream, void* workspace, std::size_t bytes, ProductsHandle& products) = 0;
  virtual void destroy_products(ProductsHandle products) noexcept = 0;
  virtual Status multiply(ProductsHandle products, const Product& product) = 0;

  /// Keeps what put() puts on the stream in a graph instead of doing it. Whatever put() throws ends the capture, and is
  /// thrown on. A product must have been done before: cuBLAS loads what it needs for it the first time.
  virtual Status capture(StreamHandle stream, const std::function<void()>& put, GraphHandle& graph) = 0;
  virtual Status launch_graph(GraphHandle graph, StreamHandle stream) = 0;
  virtual void destroy_graph(GraphHandle graph) noexcept = 0;
};

/// Counts the devices of this machine; fails with no_device where there is none.
Status count_devices(int& count);

/// Opens device `number`, counting from 0; fails with no_binary where the kernels were not built for it.
Status open_device(int number, std::unique_ptr<Runtime>& runtime);

}  // namespace alfi::cuda
