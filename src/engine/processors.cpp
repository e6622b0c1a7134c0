#include "src/engine/processors.hpp"

#include <fmt/format.h>

#include "alfi/backends.hpp"
#include "alfi/error.hpp"
#include "src/backends/cuda/cuda_processor.hpp"
#include "src/backends/cuda/resources.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {
namespace {

/// Why a device cannot be used; empty where it can.
std::string trouble_with(int number, std::unique_ptr<cuda::Runtime>& runtime) {
  int count = 0;
  if (const cuda::Status status = cuda::count_devices(count); !status.ok()) return status.text;
  if (count == 0) return "there is none";
  if (number >= count) return fmt::format("there are {}, numbered from 0", count);
  const cuda::Status opened = cuda::open_device(number, runtime);
  return opened.ok() ? "" : cuda::words_of(opened);
}

}  // namespace

std::unique_ptr<Processor> make_processor(const Configuration::Engine& engine, int waiting) {
  const bool looks_up = engine.encoder == Encoder::table || engine.encoder == Encoder::segments;
  if (looks_up && engine.backend == Backend::cuda)
    throw RunError("engine.encoder = table and segments run on the CPU; on a device auto and dense are there");
  if (engine.backend != Backend::cpu && !looks_up) {
    std::unique_ptr<cuda::Runtime> runtime;
    const std::string trouble = trouble_with(engine.device, runtime);
    if (trouble.empty())
      return std::make_unique<cuda::CudaProcessor>(std::move(runtime), engine.precision,
                                                   engine.threads > 0 ? engine.threads + waiting : 0);
    if (engine.backend == Backend::cuda)
      throw RunError(
          fmt::format("engine.backend = cuda: device {} cannot be used: {}. engine.backend = cpu runs on the "
                      "processor",
                      engine.device, trouble));
  }
  if (engine.precision != Precision::fp32)
    throw RunError("engine.precision = tf32x3 and bf16 need a CUDA device; the CPU computes in fp32");
  return std::make_unique<HostProcessor>(engine.threads, waiting);
}

std::unique_ptr<Processor> make_processor(const Plan& plan) {
  return make_processor(plan.configuration.engine, plan.minimises ? 0 : waiting_threads(plan.number));
}

std::string why_not_cuda(const Configuration::Engine& engine) {
  if (engine.backend != Backend::automatic) return {};
  std::unique_ptr<cuda::Runtime> runtime;
  return trouble_with(engine.device, runtime);
}

CudaDevices cuda_devices() {
  CudaDevices devices;
  int count = 0;
  const cuda::Status status = cuda::count_devices(count);
  devices.trouble = status.ok() && count == 0 ? "there is none" : status.text;
  for (int number = 0; number < count; ++number) {
    std::unique_ptr<cuda::Runtime> runtime;
    cuda::DeviceProperties properties{};
    cuda::Status opened = cuda::open_device(number, runtime);
    if (opened.ok()) opened = runtime->properties(properties);
    devices.names.push_back(opened.ok() ? fmt::format("{} ({}.{}, {} multiprocessors)", properties.name,
                                                      properties.major, properties.minor, properties.multiprocessors)
                                        : cuda::words_of(opened));
    const int code = Configuration::Networks::Encoder{}.code;
    devices.fused_widths.push_back(opened.ok() ? cuda::widest_fused_encoder(code, Precision::fp32, properties) : 0);
  }
  return devices;
}

}  // namespace alfi
