// Streams, whose work is done in order and only when it is waited for, and events.
#include <exception>
#include <utility>

#include "tests/substitute/state.hpp"

namespace alfi::substitute {
namespace {

Stream* of(cudaStream_t stream) { return reinterpret_cast<Stream*>(stream); }
Event* of(cudaEvent_t event) { return reinterpret_cast<Event*>(event); }

}  // namespace

cudaError_t put(const char* name, Stream* stream, Work work) {
  if (!state().streams.contains(stream)) {  // the default stream, too: nothing here is meant for it
    find(name, "on no stream of the caller's");
    return cudaErrorInvalidResourceHandle;
  }
  if (stream->device != current_device()) return cudaErrorInvalidResourceHandle;
  if (!stream->capture) {
    stream->waiting.push_back(std::move(work));
    ++stream->put;
    return cudaSuccess;
  }
  Capture& capture = *stream->capture;
  if (capture.invalid) return cudaErrorStreamCaptureInvalidated;
  if (capture.thread != std::this_thread::get_id()) find(name, "into another thread's capture");
  capture.work.push_back(std::move(work));
  return cudaSuccess;
}

void drain(Stream& stream, std::int64_t position) {
  Device& device = state().devices[stream.device];
  while (!stream.waiting.empty() && stream.done < position) {
    const Work work = std::move(stream.waiting.front());
    stream.waiting.pop_front();
    ++stream.done;
    if (device.failed != cudaSuccess) continue;
    try {
      work();
    } catch (const std::exception& error) {
      find("a kernel", error.what());
      device.failed = cudaErrorIllegalAddress;
    }
  }
}

}  // namespace alfi::substitute

using namespace alfi::substitute;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  return call("cudaStreamCreateWithFlags", [&] {
    *stream = reinterpret_cast<cudaStream_t>(*state().streams.insert(new Stream{current_device()}).first);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  return give_back("cudaStreamDestroy", [&](cudaError_t) {
    Stream* const stream = of(handle);
    if (!state().streams.contains(stream)) return cudaErrorInvalidResourceHandle;
    expect_current("cudaStreamDestroy", stream->device);
    if (stream->capture) find("cudaStreamDestroy", "of a stream that captures");
    drain(*stream);
    for (Event* event : state().events)
      if (event->stream == stream) event->stream = nullptr;
    state().streams.erase(stream);
    delete stream;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return call("cudaStreamSynchronize", [&] {
    Stream* const stream = of(handle);
    if (!state().streams.contains(stream)) return cudaErrorInvalidResourceHandle;
    if (stream->capture) {
      stream->capture->invalid = true;
      return cudaErrorStreamCaptureUnsupported;
    }
    drain(*stream);
    return state().devices[stream->device].failed;
  });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t body, void* data) {
  return call("cudaLaunchHostFunc", [&] { return put("cudaLaunchHostFunc", of(stream), [=] { body(data); }); });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  return call("cudaEventCreateWithFlags", [&] {
    *event = reinterpret_cast<cudaEvent_t>(*state().events.insert(new Event{current_device()}).first);
    return cudaSuccess;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t handle) {
  return give_back("cudaEventDestroy", [&](cudaError_t) {
    Event* const event = of(handle);
    if (!state().events.contains(event)) return cudaErrorInvalidResourceHandle;
    expect_current("cudaEventDestroy", event->device);
    state().events.erase(event);
    delete event;
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t handle, cudaStream_t stream_handle) {
  return call("cudaEventRecord", [&] {
    Event* const event = of(handle);
    Stream* const stream = of(stream_handle);
    if (!state().events.contains(event) || !state().streams.contains(stream)) return cudaErrorInvalidResourceHandle;
    if (event->device != stream->device) return cudaErrorInvalidResourceHandle;
    if (stream->capture) find("cudaEventRecord", "in a capture");
    event->stream = stream;
    event->position = stream->put;
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
  return call("cudaEventSynchronize", [&] {
    if (const cudaError_t error = refuse_in_capture("cudaEventSynchronize"); error != cudaSuccess) return error;
    Event* const event = of(handle);
    if (!state().events.contains(event)) return cudaErrorInvalidResourceHandle;
    if (event->stream != nullptr) drain(*event->stream, event->position);
    return state().devices[event->device].failed;
  });
}
