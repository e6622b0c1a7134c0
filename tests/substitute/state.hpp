// The state of the substitute: devices, their memory, streams, graphs and kernels, under one lock; and the frame of a
// call. The objects are what CUDA's handles point at.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "tests/ptx/ptx.hpp"
#include "tests/substitute/substitute.hpp"

namespace alfi::substitute {

constexpr int most_shared_bytes = 232448, shared_bytes_unasked = 48 * 1024;

using Work = std::function<void()>;

struct Graph {
  int device;
  std::vector<Work> work;
};

struct Capture {
  std::thread::id thread;
  cudaStreamCaptureMode mode;
  bool invalid = false;
  std::vector<Work> work = {};
};

struct Stream {
  int device;
  std::deque<Work> waiting = {};
  std::int64_t put = 0, done = 0;
  std::optional<Capture> capture = {};
};

struct Event {
  int device;
  Stream* stream = nullptr;
  std::int64_t position = 0;  ///< number of works put on the stream when the event was recorded
};

/// A cuBLAS handle.
struct Products {
  int device;
  Stream* stream = nullptr;
  bool has_workspace = false;  ///< memory of the caller's is the workspace
};

/// Kernels that the program loaded itself.
struct Library {
  explicit Library(const char* text) : module(text) {}
  test::ptx::Module module;
};

/// An instance that nvcc's host code registered, or a kernel of a library.
struct Function {
  std::string name;                 ///< mangled
  std::map<int, int> shared_bytes;  ///< asked for, by device
  const Library* library = nullptr;
};

constexpr int pinned = -1;
struct Allocation {
  std::size_t bytes;
  int device;  ///< or pinned
};

struct Device {
  bool context = false;
  std::size_t used = 0;              ///< bytes
  cudaError_t failed = cudaSuccess;  ///< the error that every call returns from then on
  /// Sizes of the products that were computed on it: cuBLAS has loaded their kernels.
  std::set<std::tuple<int, int, int, int, int, int, int>> products = {};
};

struct State {
  std::mutex mutex;
  Settings settings;
  int considered = 0;  ///< calls that the fault could have struck
  std::vector<std::string> calls, findings;
  std::map<int, Device> devices;
  std::map<std::uintptr_t, Allocation> memory;
  std::set<Stream*> streams;
  std::set<Event*> events;
  std::set<Graph*> graphs;
  std::set<std::shared_ptr<Graph>> instances;
  std::set<Products*> products;
  std::set<std::unique_ptr<Library>> libraries;
  std::map<const void*, Function> functions;
};

/// Returns the one state, made when it is first asked for: nvcc's host code registers kernels before main.
State& state();

/// Returns the current device of this thread.
int& current_device();

/// Tells the test that a call begins. Without the lock.
void announce(const char* name);

/// Counts a call and returns the error it must fail with before it does anything. `context`: it makes the current
/// device's, where there is none yet.
cudaError_t admit(const char* name, bool context);

/// Keeps an error for cudaGetLastError.
cudaError_t remember(cudaError_t error);

void find(const char* name, const std::string& what);

/// Frames a call of the runtime.
template <class Body>
cudaError_t call(const char* name, Body body, bool context = true) {
  announce(name);
  const std::lock_guard lock(state().mutex);
  cudaError_t error = admit(name, context);
  if (error == cudaSuccess) error = body();
  return remember(error);
}

/// Frames a call that gives something back, which an error of earlier work does not keep it from. body(before) is given
/// that error.
template <class Body>
cudaError_t give_back(const char* name, Body body) {
  announce(name);
  const std::lock_guard lock(state().mutex);
  const cudaError_t before = admit(name, true), error = body(before);
  return remember(before != cudaSuccess ? before : error);
}

/// Finds fault with a call for what belongs to another device than the current one.
void expect_current(const char* name, int device);

/// Fails where a capture forbids a potentially unsafe call on this thread, and ends that capture.
cudaError_t refuse_in_capture(const char* name);

/// Fails where a stream of the device captures, whoever does, and ends that capture: a device cannot be waited for
/// then.
cudaError_t wait_for_device(const char* name, int device);

/// Adds work to a stream, or to the graph it is captured in.
cudaError_t put(const char* name, Stream* stream, Work work);

/// Does a stream's work up to a position. What fails in a kernel, the device has failed with from then on.
void drain(Stream& stream, std::int64_t position = INT64_MAX);

/// Returns the allocation these bytes lie in; null where there is none.
const Allocation* allocation_of(const void* pointer, std::size_t bytes);

}  // namespace alfi::substitute
