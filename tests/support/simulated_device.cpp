#include "tests/support/simulated_device.hpp"

#include <malloc.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>

#include "src/backends/cuda/cuda_processor.hpp"
#include "src/backends/cuda/scratch.hpp"
#include "tests/support/simulated_kernels.hpp"

namespace alfi::test {
namespace {

using cuda::Failure;
using cuda::Status;

// Freed memory stays with the process: a test makes hundreds of devices, and pages fresh from the system for each of
// them would cost nine tenths of it.
[[maybe_unused]] const bool keeps_memory = mallopt(M_TOP_PAD, 64 << 20) != 0;

struct Operation {
  std::string name;
  std::function<void()> run;
};

struct SimulatedStream {
  std::deque<Operation> waiting;
  std::int64_t put = 0, done = 0;
  std::vector<Operation>* capture = nullptr;
};

struct SimulatedEvent {
  SimulatedStream* stream = nullptr;
  std::int64_t position = 0;
};

const char* name_of(DeviceKernel kernel) { return device_kernel_names[static_cast<int>(kernel)]; }

/// Returns "KERNEL BLOCKS", of one iteration "KERNEL BLOCKS t ITERATION".
std::string words_of(const cuda::Launch& launch, const DeviceWork& work) {
  const std::string words = std::string(name_of(launch.kernel)) + " " + std::to_string(launch.blocks);
  const bool iterates = (launch.kernel >= DeviceKernel::propose && launch.kernel <= DeviceKernel::advance) ||
                        (launch.kernel >= DeviceKernel::first_layer && launch.kernel <= DeviceKernel::first_slopes);
  return iterates ? words + " t " + std::to_string(work.iteration) : words;
}

using Columns = Eigen::MatrixXf;
using Place = Eigen::Map<const Columns, 0, Eigen::OuterStride<>>;

Columns operand(const cuda::Matrix& matrix, int number, int rows, int columns, Precision precision) {
  if (matrix.transposed) std::swap(rows, columns);
  Columns result = Place(matrix.data + number * matrix.stride, rows, columns, Eigen::OuterStride<>(matrix.step));
  if (precision == Precision::bf16) result = result.unaryExpr([](float x) { return round_bf16(x); }).eval();
  if (matrix.transposed) return result.transpose();
  return result;
}

void simulate_product(const cuda::Product& p) {
  for (int i = 0; i < p.count; ++i) {
    Eigen::Map<Columns, 0, Eigen::OuterStride<>> c(p.c + i * p.c_stride, p.m, p.n, Eigen::OuterStride<>(p.c_step));
    const Columns product = operand(p.a, i, p.m, p.k, p.precision) * operand(p.b, i, p.k, p.n, p.precision);
    if (p.added)
      c += product;
    else
      c = product;
  }
}

class SimulatedRuntime final : public cuda::Runtime {
 public:
  explicit SimulatedRuntime(SimulatedDevice& device) : device_(device) {}

  Status properties(cuda::DeviceProperties& properties) override {
    properties = device_.properties;
    return called("properties");
  }
  Status memory(cuda::DeviceMemory& memory) override {
    memory = {device_.memory - device_.used, device_.memory};
    return called("memory");
  }

  Status allocate(std::size_t bytes, void*& pointer) override {
    if (const Status status = called("allocate"); !status.ok()) return status;
    if (device_.used + static_cast<std::int64_t>(bytes) > device_.memory)
      return {Failure::out_of_memory, "simulated: out of memory"};
    pointer = take(memory_, bytes);
    device_.used += static_cast<std::int64_t>(bytes);
    device_.most_used = std::max(device_.most_used, device_.used);
    return {};
  }
  void release(void* pointer) noexcept override {
    device_.used -= static_cast<std::int64_t>(memory_.at(pointer).size());
    memory_.erase(pointer);
    --device_.live;
  }
  Status allocate_pinned(std::size_t bytes, void*& pointer) override {
    if (const Status status = called("allocate_pinned"); !status.ok()) return status;
    pointer = take(pinned_, bytes);
    return {};
  }
  void release_pinned(void* pointer) noexcept override {
    pinned_.erase(pointer);
    --device_.live;
  }

  Status create_stream(cuda::StreamHandle& stream) override { return create<SimulatedStream>("create_stream", stream); }
  void destroy_stream(cuda::StreamHandle stream) noexcept override { destroy<SimulatedStream>(stream); }
  Status synchronize(cuda::StreamHandle stream) override {
    if (const Status status = called("synchronize"); !status.ok()) return status;
    drain(stream_of(stream), std::numeric_limits<std::int64_t>::max());
    return {};
  }

  Status create_event(cuda::EventHandle& event) override { return create<SimulatedEvent>("create_event", event); }
  void destroy_event(cuda::EventHandle event) noexcept override { destroy<SimulatedEvent>(event); }
  Status record(cuda::EventHandle event, cuda::StreamHandle stream) override {
    *static_cast<SimulatedEvent*>(event) = {&stream_of(stream), stream_of(stream).put};
    return called("record");
  }
  Status synchronize_event(cuda::EventHandle event) override {
    if (const Status status = called("synchronize_event"); !status.ok()) return status;
    const auto& [stream, position] = *static_cast<SimulatedEvent*>(event);
    drain(*stream, position);
    return {};
  }

  Status load(const char* ptx, cuda::LibraryHandle& library) override {
    if (const Status status = called("load"); !status.ok()) return status;
    library = new PtxKernels(ptx);
    ++device_.live;
    return {};
  }
  void unload(cuda::LibraryHandle library) noexcept override { destroy<PtxKernels>(library); }

  Status copy_to_device(void* to, const void* from, std::size_t bytes, cuda::StreamHandle stream) override {
    require_inside(memory_, to, bytes, "copy_to_device");
    if (is_inside(pinned_, from, bytes)) return put(stream, "copy_to_device", [=] { std::memcpy(to, from, bytes); });
    // The runtime keeps a copy of memory that is not pinned.
    const auto* const begin = static_cast<const std::byte*>(from);
    return put(stream, "copy_to_device", [to, copy = std::vector<std::byte>(begin, begin + bytes)] {
      std::memcpy(to, copy.data(), copy.size());
    });
  }
  Status copy_to_host(void* to, const void* from, std::size_t bytes, cuda::StreamHandle stream) override {
    require_inside(memory_, from, bytes, "copy_to_host");
    const Status status = put(stream, "copy_to_host", [=] { std::memcpy(to, from, bytes); });
    if (status.ok() && !is_inside(pinned_, to, bytes))
      drain(stream_of(stream), std::numeric_limits<std::int64_t>::max());
    return status;
  }
  Status copy_rows_to_host(void* to, const void* from, std::size_t pitch, std::size_t bytes, std::size_t rows,
                           cuda::StreamHandle stream) override {
    require_inside(memory_, from, (rows - 1) * pitch + bytes, "copy_rows_to_host");
    if (!is_inside(pinned_, to, rows * bytes)) throw std::logic_error("copy_rows_to_host: not to pinned memory");
    return put(stream, "copy_rows_to_host", [=] {
      for (std::size_t i = 0; i < rows; ++i)
        std::memcpy(static_cast<std::byte*>(to) + i * bytes, static_cast<const std::byte*>(from) + i * pitch, bytes);
    });
  }
  Status copy_rows_to_device(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                             std::size_t bytes, std::size_t rows, cuda::StreamHandle stream) override {
    require_inside(memory_, to, (rows - 1) * to_pitch + bytes, "copy_rows_to_device");
    if (!is_inside(pinned_, from, (rows - 1) * from_pitch + bytes))
      throw std::logic_error("copy_rows_to_device: not from pinned memory");
    return put(stream, "copy_rows_to_device", [=] {
      for (std::size_t i = 0; i < rows; ++i)
        std::memcpy(static_cast<std::byte*>(to) + i * to_pitch, static_cast<const std::byte*>(from) + i * from_pitch,
                    bytes);
    });
  }
  Status call(const std::function<void()>& body, cuda::StreamHandle stream) override {
    return put(stream, "call", [&body] { body(); });
  }
  Status clear(void* pointer, std::size_t bytes, cuda::StreamHandle stream) override {
    require_inside(memory_, pointer, bytes, "clear");
    return put(stream, "clear", [=] { std::memset(pointer, 0, bytes); });
  }
  Status launch(const cuda::Launch& launch, const DeviceWork& work, cuda::StreamHandle stream) override {
    if (launch.blocks < 1 || launch.shared_bytes > device_.properties.shared_bytes)
      throw std::logic_error("a launch a device would refuse");
    return put(stream, words_of(launch, work), [this, launch, work] { run_launch(launch, work); });
  }

  Status create_products(cuda::StreamHandle stream, void* workspace, std::size_t bytes,
                         cuda::ProductsHandle& products) override {
    require_inside(memory_, workspace, bytes, "create_products");
    if (const Status status = called("create_products"); !status.ok()) return status;
    products = new cuda::StreamHandle(stream);
    ++device_.live;
    return {};
  }
  void destroy_products(cuda::ProductsHandle products) noexcept override { destroy<cuda::StreamHandle>(products); }
  Status multiply(cuda::ProductsHandle products, const cuda::Product& product) override {
    // By the first and the last number of each.
    const auto last = [&](const cuda::Matrix& matrix, int rows, int columns) {
      const int i = matrix.transposed ? columns : rows, j = matrix.transposed ? rows : columns;
      return (product.count - 1) * matrix.stride + (j - 1) * matrix.step + i;
    };
    const auto inside = [&](const float* data, std::int64_t numbers) {
      require_inside(memory_, data, static_cast<std::size_t>(numbers) * sizeof(float), "multiply");
    };
    inside(product.a.data, last(product.a, product.m, product.k));
    inside(product.b.data, last(product.b, product.k, product.n));
    inside(product.c, (product.count - 1) * product.c_stride + (product.n - 1) * product.c_step + product.m);
    return put(*static_cast<cuda::StreamHandle*>(products),
               "multiply " + std::to_string(product.m) + " " + std::to_string(product.n) + " " +
                   std::to_string(product.k) + " times " + std::to_string(product.count),
               [product] { simulate_product(product); });
  }

  Status sort(double* values, std::int64_t count, cuda::Scratch& scratch, cuda::StreamHandle stream) override {
    require_inside(memory_, values, static_cast<std::size_t>(count) * sizeof(double), "sort");
    // Memory of its own, given back before the work is done, as Thrust does.
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(double);
    auto* const place = static_cast<double*>(scratch.take(bytes));
    scratch.give_back(place);
    return put(stream, "sort", [=, this] {
      require_inside(memory_, place, bytes, "sort");
      std::copy_n(values, count, place);
      std::sort(place, place + count);
      std::copy_n(place, count, values);
    });
  }
  Status moments(const MomentsOfPieces& pieces, Moments* to, cuda::StreamHandle stream) override {
    require_inside(memory_, to, static_cast<std::size_t>(pieces.size()) * sizeof(Moments), "moments");
    return put(stream, "moments", [=] {
      for (std::int64_t i = pieces.size() - 1; i >= 0; --i) to[i] = pieces(i);
    });
  }

  Status capture(cuda::StreamHandle stream, const std::function<void()>& put, cuda::GraphHandle& graph) override {
    if (const Status status = called("begin_capture"); !status.ok()) return status;
    auto captured = std::make_unique<std::vector<Operation>>();
    stream_of(stream).capture = captured.get();
    try {
      put();
    } catch (...) {
      stream_of(stream).capture = nullptr;
      throw;
    }
    stream_of(stream).capture = nullptr;
    if (const Status status = called("end_capture"); !status.ok()) return status;
    graph = captured.release();
    ++device_.live;
    return {};
  }
  Status launch_graph(cuda::GraphHandle graph, cuda::StreamHandle stream) override {
    return put(stream, "graph", [this, graph] {
      for (const Operation& operation : *static_cast<std::vector<Operation>*>(graph)) {
        device_.log.push_back("  " + operation.name);
        operation.run();
      }
    });
  }
  void destroy_graph(cuda::GraphHandle graph) noexcept override { destroy<std::vector<Operation>>(graph); }

 private:
  using Allocations = std::map<const void*, std::vector<std::byte>>;

  Status called(const std::string& name) {
    device_.log.push_back(name);
    if (lost_) return *lost_;
    if (device_.calls++ != device_.failing_call) return {};
    device_.failed = name;
    const Status status{device_.failure, "simulated failure of " + name};
    if (device_.failure == Failure::device_lost || device_.failure == Failure::kernel)
      lost_ = std::make_unique<Status>(status);  // such an error sticks
    return status;
  }

  void* take(Allocations& allocations, std::size_t bytes) {
    std::vector<std::byte> memory(bytes, std::byte{0xFF});
    void* const pointer = memory.data();
    allocations.emplace(pointer, std::move(memory));
    ++device_.live;
    return pointer;
  }

  template <class T>
  Status create(const char* name, void*& handle) {
    if (const Status status = called(name); !status.ok()) return status;
    handle = new T;
    ++device_.live;
    return {};
  }
  template <class T>
  void destroy(void* handle) noexcept {
    delete static_cast<T*>(handle);
    --device_.live;
  }

  static SimulatedStream& stream_of(cuda::StreamHandle stream) {
    if (stream == nullptr) throw std::logic_error("the default stream is used");
    return *static_cast<SimulatedStream*>(stream);
  }

  static bool is_inside(const Allocations& allocations, const void* pointer, std::size_t bytes) {
    auto next = allocations.upper_bound(pointer);
    if (next == allocations.begin()) return false;
    const std::vector<std::byte>& memory = std::prev(next)->second;
    const auto* const begin = static_cast<const std::byte*>(pointer);
    return begin + bytes <= memory.data() + memory.size();
  }
  static void require_inside(const Allocations& allocations, const void* pointer, std::size_t bytes, const char* call) {
    if (!is_inside(allocations, pointer, bytes)) throw std::logic_error(std::string(call) + ": not in device memory");
  }

  Status put(cuda::StreamHandle handle, std::string name, std::function<void()> run) {
    SimulatedStream& stream = stream_of(handle);
    if (const Status status = called("put " + name); !status.ok()) return status;
    if (stream.capture != nullptr) {
      stream.capture->push_back({std::move(name), std::move(run)});
    } else {
      stream.waiting.push_back({std::move(name), std::move(run)});
      ++stream.put;
    }
    return {};
  }

  void drain(SimulatedStream& stream, std::int64_t position) {
    while (!stream.waiting.empty() && stream.done < position) {
      const Operation operation = std::move(stream.waiting.front());
      stream.waiting.pop_front();
      ++stream.done;
      device_.log.push_back(operation.name);
      try {
        operation.run();
      } catch (...) {
        stream.waiting.clear();  // else a destructor would run into what follows
        throw;
      }
    }
  }

  void run_launch(const cuda::Launch& launch, const DeviceWork& work) const {
    // The kernels of a module are there as PTX alone.
    if (launch.library != nullptr)
      return static_cast<const PtxKernels*>(launch.library)->run(launch, work, ranges(), device_.seed, device_.checks);
    if (device_.team == SimulatedTeam::ptx &&
        (device_.on_ptx.empty() || device_.on_ptx == PtxKernels::name(launch.kernel, launch.variant)))
      return device_.ptx->run(launch, work, ranges(), device_.seed, device_.checks);
    constexpr std::size_t sentinels = tile_lanes;
    const std::size_t size = static_cast<std::size_t>(launch.shared_bytes) / sizeof(float) + sentinels;
    // One memory for each block: they may be at work at the same time.
    std::vector<std::vector<float>> shared(static_cast<std::size_t>(launch.blocks),
                                           std::vector<float>(size, std::numeric_limits<float>::quiet_NaN()));
    std::vector<float*> pointers;
    for (auto& block : shared) pointers.push_back(block.data());
    if (device_.team == SimulatedTeam::fibers)
      run_kernel_on_fibers(launch.kernel, launch.variant, pointers, work, device_.seed);
    else
      run_kernel_on_lanes(launch.kernel, launch.variant, pointers, work);
    for (const auto& block : shared)
      if (!std::all_of(block.end() - sentinels, block.end(), [](float x) { return std::isnan(x); }))
        throw std::logic_error(std::string(name_of(launch.kernel)) + " wrote behind the end of shared memory");
  }

  std::vector<ptx::Range> ranges() const {
    std::vector<ptx::Range> result;
    for (const auto& [pointer, bytes] : memory_) {
      const auto begin = reinterpret_cast<std::uintptr_t>(pointer);
      result.push_back({begin, begin + bytes.size()});
    }
    return result;
  }

  SimulatedDevice& device_;
  Allocations memory_, pinned_;
  std::unique_ptr<Status> lost_;
};

}  // namespace

std::unique_ptr<cuda::Runtime> simulated_runtime(SimulatedDevice& device) {
  return std::make_unique<SimulatedRuntime>(device);
}

std::unique_ptr<Processor> simulated_processor(SimulatedDevice& device, Precision precision) {
  return std::make_unique<cuda::CudaProcessor>(simulated_runtime(device), precision, 1);
}

}  // namespace alfi::test
