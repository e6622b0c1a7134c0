// A CUDA runtime of nothing but launches and products, done at once.
#pragma once

#include <functional>
#include <stdexcept>

#include "src/backends/cuda/runtime.hpp"

namespace alfi::test {

class KernelRuntime : public cuda::Runtime {
 public:
  using Status = cuda::Status;
  using Handle = void*;

  Status multiply(Handle, const cuda::Product& p) override {
    const auto element = [](const cuda::Matrix& matrix, int number, int i, int j) {
      return matrix.data[number * matrix.stride + (matrix.transposed ? j + i * matrix.step : i + j * matrix.step)];
    };
    for (int number = 0; number < p.count; ++number)
      for (int i = 0; i < p.m; ++i)
        for (int j = 0; j < p.n; ++j) {
          float sum = 0;
          for (int k = 0; k < p.k; ++k) {
            const float a = element(p.a, number, i, k), b = element(p.b, number, k, j);
            sum += p.precision == Precision::bf16 ? round_bf16(a) * round_bf16(b) : a * b;
          }
          float& to = p.c[number * p.c_stride + i + j * p.c_step];
          to = p.added ? to + sum : sum;
        }
    return {};
  }

  Status properties(cuda::DeviceProperties&) override { return refuse(); }
  Status memory(cuda::DeviceMemory&) override { return refuse(); }
  Status allocate(std::size_t, void*&) override { return refuse(); }
  void release(void*) noexcept override {}
  Status allocate_pinned(std::size_t, void*&) override { return refuse(); }
  void release_pinned(void*) noexcept override {}
  Status create_stream(Handle&) override { return refuse(); }
  void destroy_stream(Handle) noexcept override {}
  Status synchronize(Handle) override { return refuse(); }
  Status create_event(Handle&) override { return refuse(); }
  void destroy_event(Handle) noexcept override {}
  Status record(Handle, Handle) override { return refuse(); }
  Status synchronize_event(Handle) override { return refuse(); }
  Status load(const char*, Handle&) override { return refuse(); }
  void unload(Handle) noexcept override {}
  Status copy_to_device(void*, const void*, std::size_t, Handle) override { return refuse(); }
  Status copy_to_host(void*, const void*, std::size_t, Handle) override { return refuse(); }
  Status copy_rows_to_host(void*, const void*, std::size_t, std::size_t, std::size_t, Handle) override {
    return refuse();
  }
  Status copy_rows_to_device(void*, std::size_t, const void*, std::size_t, std::size_t, std::size_t, Handle) override {
    return refuse();
  }
  Status call(const std::function<void()>&, Handle) override { return refuse(); }
  Status clear(void*, std::size_t, Handle) override { return refuse(); }
  Status sort(double*, std::int64_t, cuda::Scratch&, Handle) override { return refuse(); }
  Status moments(const MomentsOfPieces&, Moments*, Handle) override { return refuse(); }
  Status create_products(Handle, void*, std::size_t, Handle&) override { return refuse(); }
  void destroy_products(Handle) noexcept override {}
  Status capture(Handle, const std::function<void()>&, Handle&) override { return refuse(); }
  Status launch_graph(Handle, Handle) override { return refuse(); }
  void destroy_graph(Handle) noexcept override {}

 private:
  static Status refuse() { throw std::logic_error("a runtime of kernels alone was asked for something else"); }
};

}  // namespace alfi::test
