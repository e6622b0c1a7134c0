// A substitute for the CUDA runtime and cuBLAS, which executes on this CPU what nvcc compiled: linked before libalfi.a
// it takes their place under the real device_runtime.cpp. This is what tests say to it, and ask it, besides CUDA's
// calls.
//
// The substitute is as lazy as a device may be: work is done when a call waits for it, not before. It is as strict as
// CUDA's documentation: captures, attributes of kernels and the current device are checked. Fresh memory is all ones.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace alfi::substitute {

/// One call made to fail.
struct Fault {
  int number = -1;   ///< number of the call among those considered, from 0; negative: no call fails
  std::string call;  ///< considers calls of this name alone; empty: considers all
  cudaError_t error = cudaErrorUnknown;
};

struct Settings {
  int devices = 2;
  int multiprocessors = 4;
  std::size_t memory = std::size_t{1} << 28;  ///< bytes of a device
  int driver = CUDART_VERSION;                ///< newest CUDA the driver knows
  Fault fault;
  /// Called before each call with its name, by its thread and without a lock: tests do here what another thread may do.
  std::function<void(const std::string&)> before_call;
  bool fresh = false;  ///< kernels must not read numbers that nothing wrote
  bool races = false;  ///< kernels must not race
};

/// Begins anew with these settings: no errors, findings, contexts or attributes of kernels. Objects must be given back.
void reset(const Settings& settings = {});

/// Goes on with other settings.
void change(const Settings& settings);

/// Returns the names of the calls so far, in order.
std::vector<std::string> calls();

/// Returns the number of allocations, streams, events, graphs and cuBLAS handles that were not given back.
int live();

/// Returns the numbers of the devices on which this process has made a context.
std::vector<int> contexts();

/// Returns descriptions of what was legal but cannot have been meant, such as a copy of memory that nothing wrote.
std::vector<std::string> findings();

}  // namespace alfi::substitute
