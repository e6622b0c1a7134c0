// A thread block as a team: the only file that names threads, barriers, shuffles and tensor cores.
#pragma once

#include "kernels/team.hpp"

#ifdef __CUDACC__

namespace alfi::inline ALFI_ISA {

/// What a thread holds of 16 values of k of one row or column of an operand: four of them, as the tensor cores take
/// them.
template <Precision precision>
struct Fragment;

template <>
struct Fragment<Precision::bf16> {
  std::uint32_t low, high;  // values 0 and 1, 2 and 3

  __device__ __forceinline__ void set(const float (&value)[4]) {
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(low) : "f"(value[1]), "f"(value[0]));
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(high) : "f"(value[3]), "f"(value[2]));
  }
};

template <>
struct Fragment<Precision::tf32x3> {
  std::uint32_t high[4], low[4];

  __device__ __forceinline__ void set(const float (&value)[4]) {
#pragma unroll
    for (int c = 0; c < 4; ++c) {
      asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(high[c]) : "f"(value[c]));
      const float rest = value[c] - __uint_as_float(high[c]);
      asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(low[c]) : "f"(rest));
    }
  }
};

/// sum (16 × 8) += a b over 16 values of k; `top` is of row g of a, `bottom` of row g + 8.
__device__ __forceinline__ void multiply_tile(const Fragment<Precision::bf16>& top,
                                              const Fragment<Precision::bf16>& bottom,
                                              const Fragment<Precision::bf16>& b, float (&sum)[4]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(top.low), "r"(bottom.low), "r"(top.high), "r"(bottom.high), "r"(b.low), "r"(b.high));
}

__device__ __forceinline__ void multiply_tf32(std::uint32_t top0, std::uint32_t bottom0, std::uint32_t top1,
                                              std::uint32_t bottom1, std::uint32_t b0, std::uint32_t b1,
                                              float (&sum)[4]) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(top0), "r"(bottom0), "r"(top1), "r"(bottom1), "r"(b0), "r"(b1));
}
__device__ __forceinline__ void multiply_tile(const Fragment<Precision::tf32x3>& top,
                                              const Fragment<Precision::tf32x3>& bottom,
                                              const Fragment<Precision::tf32x3>& b, float (&sum)[4]) {
#pragma unroll
  for (int c = 0; c < 4; c += 2) {
    multiply_tf32(top.low[c], bottom.low[c], top.low[c + 1], bottom.low[c + 1], b.high[c], b.high[c + 1], sum);
    multiply_tf32(top.high[c], bottom.high[c], top.high[c + 1], bottom.high[c + 1], b.low[c], b.low[c + 1], sum);
    multiply_tf32(top.high[c], bottom.high[c], top.high[c + 1], bottom.high[c + 1], b.high[c], b.high[c + 1], sum);
  }
}

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
  static_assert(threads % 32 == 0);

  /// The team's number in the launch.
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

  /// On the tensor cores. Of an operand's 16 values of k a thread takes k = q, q + 4, q + 8, q + 12, where q is its
  /// place among four, and of 8 columns it ends up with q and q + 4: the hardware's slots in another order, the same
  /// for both operands, in which neighbouring threads read neighbouring numbers.
  template <Precision precision, Tiling tiling, class A, class B, class Finish>
  __device__ __forceinline__ void multiply(int M, int N, int K, A a, B b, Finish finish) const {
    constexpr int down = WarpTiles<tiling>::down, across = WarpTiles<tiling>::across;
    const int lane = static_cast<int>(threadIdx.x) % 32, g = lane / 4, q = lane % 4;
    const int columns = (N + 8 * across - 1) / (8 * across);
    const int items = (M + 16 * down - 1) / (16 * down) * columns;
    for (int item = static_cast<int>(threadIdx.x) / 32; item < items; item += threads / 32) {
      const int m0 = item / columns * 16 * down + g, n0 = item % columns * 8 * across;
      float sum[down][across][4] = {};
      // Rows and columns beyond the edge repeat the last ones: what comes of them is dropped. Beyond K are zeros.
      const auto step = [&](int k0, auto tail) {
        const auto inside = [&](int k) { return !decltype(tail)::value || k < K; };
        Fragment<precision> left[down][2];
#pragma unroll
        for (int i = 0; i < down; ++i)
#pragma unroll
          for (int r = 0; r < 2; ++r) {
            float value[4];
            const int m = min(m0 + 16 * i + 8 * r, M - 1);
#pragma unroll
            for (int c = 0; c < 4; ++c) value[c] = inside(k0 + 4 * c) ? a(m, k0 + 4 * c) : 0.0f;
            left[i][r].set(value);
          }
#pragma unroll
        for (int j = 0; j < across; ++j) {
          const int n = min(n0 + 8 * j + g / 2 + 4 * (g % 2), N - 1);
          float value[4];
#pragma unroll
          for (int c = 0; c < 4; ++c) value[c] = inside(k0 + 4 * c) ? b(k0 + 4 * c, n) : 0.0f;
          Fragment<precision> right;
          right.set(value);
#pragma unroll
          for (int i = 0; i < down; ++i) multiply_tile(left[i][0], left[i][1], right, sum[i][j]);
        }
      };
      const int whole = K / 16 * 16;
      for (int k = 0; k < whole; k += 16) step(k + q, Constant<0>{});
      if (whole < K) step(whole + q, Constant<1>{});
#pragma unroll
      for (int i = 0; i < down; ++i)
#pragma unroll
        for (int j = 0; j < across; ++j)
#pragma unroll
          for (int c = 0; c < 4; ++c) {
            const int m = m0 + 16 * i + c / 2 * 8, n = n0 + 8 * j + q + c % 2 * 4;
            if (m < M && n < N) finish(m, n, sum[i][j][c]);
          }
    }
  }

  template <int count, class Part, class Total>
  __device__ __forceinline__ void sums(int items, Part part, Total total) const {
    for (int i = static_cast<int>(threadIdx.x); i < items * tile_lanes; i += threads) {
      Array<float, count> sum = {};
      part(i / tile_lanes, i % tile_lanes, sum);
      const unsigned half_warp = 0xFFFFu << (threadIdx.x % 32 / tile_lanes * tile_lanes);
#pragma unroll
      for (int k = 0; k < count; ++k)
        for (int half = tile_lanes / 2; half > 0; half /= 2) sum[k] += __shfl_xor_sync(half_warp, sum[k], half);
      if (i % tile_lanes == 0) total(i / tile_lanes, sum);
    }
  }
};

}  // namespace alfi::inline ALFI_ISA

#endif
