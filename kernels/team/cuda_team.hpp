// A thread block as a team: the only file that names threads, barriers, shuffles and tensor cores.
#pragma once

#include "kernels/team/team.hpp"

#ifdef __CUDACC__

namespace alfi::inline ALFI_ISA {

/// Instructions of a warp, for WarpTensor: all 32 threads come to each of them. What may not be moved across a barrier
/// or into a branch is volatile, and what reads memory says so.
class CudaWarp {
 public:
  __device__ __forceinline__ int thread() const { return static_cast<int>(threadIdx.x) % 32; }

  /// Packs two numbers in bf16, the first in the lower half.
  __device__ __forceinline__ std::uint32_t pair(float first, float second) const {
    std::uint32_t both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));
    return both;
  }

  __device__ __forceinline__ Split split(float x) const {
    const float high = rounded(x);
    return {high, rounded(x - high)};
  }

  __device__ __forceinline__ float rough_tanh(float x) const {
    float result;
    asm("tanh.approx.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
  }

  /// Reads a number of shared memory here and not earlier: the compiler would fill its registers with all that does not
  /// change from one tile of rows to the next.
  __device__ __forceinline__ float read(const float* shared) const {
    float number;
    asm volatile("ld.shared.f32 %0, [%1];" : "=f"(number) : "r"(address(shared)) : "memory");
    return number;
  }
  __device__ __forceinline__ void read(const float* shared, float& first, float& second) const {
    asm volatile("ld.shared.v2.f32 {%0,%1}, [%2];" : "=f"(first), "=f"(second) : "r"(address(shared)) : "memory");
  }

  __device__ __forceinline__ void read(const float* shared, float (&number)[4]) const {
    asm volatile("ld.shared.v4.f32 {%0,%1,%2,%3}, [%4];"
                 : "=f"(number[0]), "=f"(number[1]), "=f"(number[2]), "=f"(number[3])
                 : "r"(address(shared))
                 : "memory");
  }
  __device__ __forceinline__ void keep(float* shared, const float (&number)[4]) const {
    *reinterpret_cast<float4*>(shared) = make_float4(number[0], number[1], number[2], number[3]);
  }

  /// Loads four 8 × 8 matrices of bf16: thread 8 p + i gives the address of row i of part p; thread 4 g + q gets (g, 2
  /// q) and (g, 2 q + 1) of each part.
  __device__ __forceinline__ void load(const Stored<Precision::bf16>* row, std::uint32_t (&part)[4]) const {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(part[0]), "=r"(part[1]), "=r"(part[2]), "=r"(part[3])
                 : "r"(address(row))
                 : "memory");
  }
  /// Loads four matrices as `load` does, but thread 4 g + q gets (2 q, g) and (2 q + 1, g).
  __device__ __forceinline__ void load_transposed(const Stored<Precision::bf16>* row, std::uint32_t (&part)[4]) const {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(part[0]), "=r"(part[1]), "=r"(part[2]), "=r"(part[3])
                 : "r"(address(row))
                 : "memory");
  }

  /// sum (16 × 8) += a (16 × 16) b (16 × 8)
  __device__ __forceinline__ void multiply_bf16(const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1,
                                                float (&sum)[4]) const {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
  /// sum (16 × 8) += a (16 × 8) b (8 × 8)
  __device__ __forceinline__ void multiply_tf32(const float (&a)[4], const float (&b)[2], float (&sum)[4]) const {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
          "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
  }

 private:
  __device__ __forceinline__ static float rounded(float x) {
    std::uint32_t result;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(result) : "f"(x));
    return __uint_as_float(result);
  }
  __device__ __forceinline__ static std::uint32_t address(const void* shared) {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
  }
};

/// One thread block of `threads` threads, a multiple of 32.
template <int threads>
class CudaTeam {
 public:
  using F = float;
  using Real = float;
  static constexpr int width = 1;
  static constexpr int row_vectors = 4;
  static constexpr int patch_columns = 5;
  static constexpr bool whole_patches = true;  // a warp stays together, and there is half as much code
  static constexpr int loads_ahead = 16;       // of one latency of the memory instead of as many
  static_assert(threads % 32 == 0);

  /// Returns the team's number in the launch.
  __device__ __forceinline__ int number() const { return static_cast<int>(blockIdx.x); }

  __device__ __forceinline__ void sync() const { __syncthreads(); }

  template <class Body>
  __device__ __forceinline__ void once(Body body) const {
    if (threadIdx.x == 0) body();
  }

  template <class Body>
  __device__ __forceinline__ void each_lane(Body body) const {
    if (threadIdx.x < tile_lanes) body(static_cast<int>(threadIdx.x));
  }

  template <class Body>
  __device__ __forceinline__ void each(int items, Body body) const {
    for (int i = static_cast<int>(threadIdx.x); i < items * tile_lanes; i += threads)
      body(i / tile_lanes, i % tile_lanes);
  }

  template <class Body>
  __device__ __forceinline__ void each_row(int items, int rows, Body body) const {
    const int runs = rows / row_vectors;
    for (int i = static_cast<int>(threadIdx.x); i < items * runs; i += threads)
      body(i / runs, i % runs * row_vectors, Constant<row_vectors>{});
  }

  template <class Body>
  __device__ __forceinline__ void each_number(int count, Body body) const {
    for (int i = static_cast<int>(threadIdx.x); i < count; i += threads) body(i);
  }

  template <class Begin, class Step>
  __device__ __forceinline__ void each_unequal(int count, Begin begin, Step step) const {
    int job = static_cast<int>(threadIdx.x);
    if (job < count) begin(job);
    while (job < count) {
      if (!step(job)) continue;
      job += threads;
      if (job < count) begin(job);
    }
  }

  template <Precision precision, class Body>
  __device__ __forceinline__ void each_warp(int items, Body body) const {
    for (int item = static_cast<int>(threadIdx.x) / 32; item < items; item += threads / 32)
      body(item, WarpTensor<precision, CudaWarp>(CudaWarp{}));
  }

  template <int count, class Part, class Total>
  __device__ __forceinline__ void sums(int down, int across, Part part, Total total) const {
    for (int i = static_cast<int>(threadIdx.x); i < down * across * tile_lanes; i += threads) {
      const int item = i / tile_lanes;
      Array<float, count> sum = {};
      part(item / across, item % across, i % tile_lanes, sum);
      fold_lanes<tile_lanes / 2, count>(sum, 0, count, [&](const auto& folded, int first, int there) {
        total(item / across, item % across, folded, first, there);
      });
    }
  }

 private:
  /// Adds up the sums of lanes as lane_tree does, a lane and the one `half` further first. Of the two one goes on with
  /// the first half of the sums and one with the rest, so that each step has half as many to exchange. Calls use(sums,
  /// first, there) with what is left of them: from number `first` on, `there` of them, of those the lane began with.
  template <int half, int count, class Use>
  __device__ __forceinline__ void fold_lanes(const Array<float, count>& sum, int first, int there, Use use) const {
    if constexpr (half == 0) {
      use(sum, first, there);
    } else {
      constexpr int kept = (count + 1) / 2;
      const unsigned half_warp = 0xFFFFu << (threadIdx.x % 32 / tile_lanes * tile_lanes);
      const bool upper = (threadIdx.x & half) != 0;
      Array<float, kept> folded;
#pragma unroll
      for (int k = 0; k < kept; ++k) {
        const float low = sum[k], high = kept + k < count ? sum[kept + k] : 0.0f;
        folded[k] = (upper ? high : low) + __shfl_xor_sync(half_warp, upper ? low : high, half);
      }
      const int rest = there < kept ? 0 : there - kept;
      fold_lanes<half / 2, kept>(folded, upper ? first + kept : first, upper ? rest : there - rest, use);
    }
  }
};

}  // namespace alfi::inline ALFI_ISA

#endif
