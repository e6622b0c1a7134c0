// Captures and graphs.
#include <utility>

#include "tests/substitute/state.hpp"

namespace alfi::substitute {
namespace {

Stream* of(cudaStream_t stream) { return reinterpret_cast<Stream*>(stream); }

/// Says whether a capture forbids this thread the calls that may be unsafe, as cudaThreadExchangeStreamCaptureMode has
/// it.
bool forbids(const Capture& capture) {
  if (capture.mode == cudaStreamCaptureModeRelaxed) return false;
  return capture.thread == std::this_thread::get_id() || capture.mode == cudaStreamCaptureModeGlobal;
}

auto find_instance(cudaGraphExec_t handle) {
  auto& instances = state().instances;
  for (auto instance = instances.begin(); instance != instances.end(); ++instance)
    if (instance->get() == reinterpret_cast<Graph*>(handle)) return instance;
  return instances.end();
}

}  // namespace

cudaError_t refuse_in_capture(const char* name) {
  cudaError_t error = cudaSuccess;
  for (Stream* stream : state().streams) {
    if (!stream->capture || !forbids(*stream->capture)) continue;
    find(name, "may be unsafe in a capture");
    stream->capture->invalid = true;
    error = cudaErrorStreamCaptureUnsupported;
  }
  return error;
}

cudaError_t wait_for_device(const char* name, int device) {
  cudaError_t error = cudaSuccess;
  for (Stream* stream : state().streams) {
    if (stream->device != device) continue;
    if (stream->capture) {
      find(name, "waits for a device, of which a stream captures");
      stream->capture->invalid = true;
      error = cudaErrorStreamCaptureUnsupported;
    } else {
      drain(*stream);
    }
  }
  return error;
}

}  // namespace alfi::substitute

using namespace alfi::substitute;

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  return call("cudaStreamBeginCapture", [&] {
    Stream* const stream = of(handle);
    if (!state().streams.contains(stream)) return cudaErrorStreamCaptureUnsupported;  // the default stream
    if (stream->capture) return cudaErrorIllegalState;
    stream->capture = Capture{std::this_thread::get_id(), mode};
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  // An error before it does not keep a capture from ending.
  return give_back("cudaStreamEndCapture", [&](cudaError_t before) {
    Stream* const stream = of(handle);
    *graph = nullptr;
    if (!state().streams.contains(stream)) return cudaErrorInvalidResourceHandle;
    if (!stream->capture) return cudaErrorIllegalState;
    Capture& capture = *stream->capture;
    if (capture.thread != std::this_thread::get_id() && capture.mode != cudaStreamCaptureModeRelaxed)
      return cudaErrorStreamCaptureWrongThread;
    const bool invalid = capture.invalid;
    std::vector<Work> work = std::move(capture.work);
    stream->capture.reset();
    if (before != cudaSuccess) return before;
    if (invalid) return cudaErrorStreamCaptureInvalidated;
    *graph = reinterpret_cast<cudaGraph_t>(*state().graphs.insert(new Graph{stream->device, std::move(work)}).first);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* instance, cudaGraph_t handle, unsigned long long) {
  return call("cudaGraphInstantiate", [&] {
    auto* const graph = reinterpret_cast<Graph*>(handle);
    if (!state().graphs.contains(graph)) return cudaErrorInvalidValue;
    const auto made = std::make_shared<Graph>(*graph);
    state().instances.insert(made);
    *instance = reinterpret_cast<cudaGraphExec_t>(made.get());
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t handle) {
  return give_back("cudaGraphDestroy", [&](cudaError_t) {
    auto* const graph = reinterpret_cast<Graph*>(handle);
    if (state().graphs.erase(graph) == 0) return cudaErrorInvalidValue;
    delete graph;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t handle, cudaStream_t stream) {
  return call("cudaGraphLaunch", [&] {
    const auto instance = find_instance(handle);
    if (instance == state().instances.end()) return cudaErrorInvalidValue;
    if ((*instance)->device != current_device()) return cudaErrorInvalidResourceHandle;
    return put("cudaGraphLaunch", of(stream), [graph = *instance] {
      for (const Work& work : graph->work) work();
    });
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t handle) {
  return give_back("cudaGraphExecDestroy", [&](cudaError_t) {
    const auto instance = find_instance(handle);
    if (instance == state().instances.end()) return cudaErrorInvalidValue;
    expect_current("cudaGraphExecDestroy", (*instance)->device);
    state().instances.erase(instance);
    return cudaSuccess;
  });
}
