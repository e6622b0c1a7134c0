#include "tests/substitute/state.hpp"

#include <algorithm>
#include <utility>

namespace alfi::substitute {
namespace {

thread_local cudaError_t last_error = cudaSuccess;

/// Errors after which a device's context is of no use.
bool sticks(cudaError_t error) {
  switch (error) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
    case cudaErrorHardwareStackError:
      return true;
    default:
      return false;
  }
}

}  // namespace

State& state() {
  static State state;
  return state;
}

int& current_device() {
  thread_local int device = 0;
  return device;
}

void announce(const char* name) {
  std::function<void(const std::string&)> before;
  {
    const std::lock_guard lock(state().mutex);
    before = state().settings.before_call;
  }
  if (before) before(name);
}

cudaError_t admit(const char* name, bool context) {
  State& s = state();
  s.calls.push_back(name);
  Device& device = s.devices[current_device()];
  const Fault& fault = s.settings.fault;
  if ((fault.call.empty() || fault.call == name) && s.considered++ == fault.number) {
    if (sticks(fault.error)) device.failed = fault.error;
    return fault.error;
  }
  if (!context) return cudaSuccess;
  if (!device.context) find(name, "makes a context on device " + std::to_string(current_device()));
  device.context = true;
  return device.failed;
}

cudaError_t remember(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

void find(const char* name, const std::string& what) { state().findings.push_back(std::string(name) + ": " + what); }

void expect_current(const char* name, int device) {
  if (device != current_device()) find(name, "while another device than its own is current");
}

void change(const Settings& settings) {
  const std::lock_guard lock(state().mutex);
  state().settings = settings;
  state().considered = 0;
}

void reset(const Settings& settings) {
  change(settings);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.calls.clear();
  s.findings.clear();
  s.devices.clear();
  for (auto& [host, function] : s.functions) function.shared_bytes.clear();
  current_device() = 0;
  last_error = cudaSuccess;
}

std::vector<std::string> calls() {
  const std::lock_guard lock(state().mutex);
  return state().calls;
}

int live() {
  const State& s = state();
  const std::lock_guard lock(state().mutex);
  return static_cast<int>(s.memory.size() + s.libraries.size() + s.streams.size() + s.events.size() + s.graphs.size() +
                          s.instances.size() + s.products.size());
}

std::vector<int> contexts() {
  const std::lock_guard lock(state().mutex);
  std::vector<int> numbers;
  for (const auto& [number, device] : state().devices)
    if (device.context) numbers.push_back(number);
  return numbers;
}

std::vector<std::string> findings() {
  const std::lock_guard lock(state().mutex);
  return state().findings;
}

}  // namespace alfi::substitute

using namespace alfi::substitute;

cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }

cudaError_t cudaPeekAtLastError() { return last_error; }
