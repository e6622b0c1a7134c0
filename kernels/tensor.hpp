// Products of small matrices as tensor cores compute them: a tile of 16 rows, held by one warp.
//
//   Left    16 rows × 16 of k      an operand
//   Right   16 of k × 16 columns   an operand
//   Sum     16 rows × 8 columns    in float; two of them, side by side, belong to one Right
//
// A row of activations is one observation of one episode, so a tile is one observation of 16 episodes. What a product
// sums up can be the next product's left operand: from layer to layer activations stay with their warp.
//
//   HostTensor    plain loops over plain arrays: the meaning
//   WarpTensor    32 threads that have 8 numbers of an operand each, on a Warp's instructions. CudaWarp has those of
//                 a device (kernels/cuda_team.hpp), FiberWarp (tests/support) computes what they are documented to.
//
// Sums run over k in one order, the same for both: in bf16 k as it is; in tf32x3 eight at a time, first the even ones,
// and first lo·hi, then hi·lo, then hi·hi.
#pragma once

#include "kernels/math.hpp"
#include "kernels/precision.hpp"

namespace alfi::inline ALFI_ISA {

/// A matrix in fast memory, of up to `columns` columns, a multiple of 16: row i, column j at data[i · step + j]. Rows
/// of 16 bytes, the way a warp loads them, begin an odd number of 16 bytes after each other, so that eight are in banks
/// of their own.
template <Precision precision, int columns>
struct Matrix {
  static constexpr int step = columns + 16 / static_cast<int>(sizeof(Stored<precision>));

  Stored<precision>* data;

  ALFI_HD Stored<precision>* at(int row, int column) const { return data + row * step + column; }
};

/// The two parts of a number that tf32x3 multiplies.
struct Split {
  float high, low;
};
ALFI_HD Split split(float x) {
  const float high = round_tf32(x);
  return {high, round_tf32(x - high)};
}

#ifndef __CUDACC__

template <Precision precision>
class HostTensor {
 public:
  struct Sum {
    float at[16][8];
  };
  struct Left {
    float at[16][16];  ///< (row, k)
  };
  struct Right {
    float at[16][16];  ///< (k, column)
  };

  /// body(row, column, number) for every number of a sum.
  template <class Body>
  void each(Sum& sum, Body body) const {
    for (int row = 0; row < 16; ++row)
      for (int column = 0; column < 8; ++column) body(row, column, sum.at[row][column]);
  }

  /// Every row is columns (8) of fast memory.
  void set(Sum& sum, const float* columns) const {
    each(sum, [&](int, int column, float& total) { total = columns[column]; });
  }
  /// sum += rows (16) · columns (8), the latter of fast memory.
  void add_outer(Sum& sum, const float* rows, const float* columns) const {
    each(sum, [&](int row, int column, float& total) { total = fma(columns[column], rows[row], total); });
  }

  Left left(const Sum (&sum)[2]) const {
    return made<Left>([&](int row, int k) { return rounded(sum[k / 8].at[row][k % 8]); });
  }
  /// Numbers of a function of k and the column.
  template <class Body>
  Right right(Body body) const {
    return made<Right>([&](int k, int column) { return rounded(body(k, column)); });
  }

  /// Keeps an operand at (row, column), where other tiles can read it after a barrier, and this one at once.
  template <class Matrix>
  void keep(const Matrix& to, int row, int column, const Left& left) const {
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 16; ++j) *to.at(row + i, column + j) = stored<precision>(left.at[i][j]);
  }
  template <class Matrix>
  Left kept(const Matrix& from, int row, int column) const {
    return made<Left>([&](int i, int k) { return number<precision>(*from.at(row + i, column + k)); });
  }
  /// The transpose of what is at (row, column).
  template <class Matrix>
  Left left_transposed(const Matrix& from, int row, int column) const {
    return made<Left>([&](int i, int k) { return number<precision>(*from.at(row + k, column + i)); });
  }
  template <class Matrix>
  Right right(const Matrix& from, int row, int column) const {
    return made<Right>([&](int k, int j) { return number<precision>(*from.at(row + k, column + j)); });
  }
  template <class Matrix>
  Right right_transposed(const Matrix& from, int row, int column) const {
    return made<Right>([&](int k, int j) { return number<precision>(*from.at(row + j, column + k)); });
  }

  /// sum += left · right, of the right operand's first or second 8 columns.
  void multiply(const Left& left, const Right& right, int half, Sum& sum) const {
    each(sum, [&](int row, int column, float& total) {
      const float* const a = left.at[row];
      const auto b = [&](int k) { return right.at[k][8 * half + column]; };
      if constexpr (precision == Precision::bf16) {
        for (int k = 0; k < 16; ++k) total = fma(a[k], b(k), total);
      } else {
        for (int eight = 0; eight < 16; eight += 8) {
          const auto pass = [&](auto one, auto other) {
            for (int slot = 0; slot < 8; ++slot) {
              const int k = eight + slot % 4 * 2 + slot / 4;
              total = fma(one(split(a[k])), other(split(b(k))), total);
            }
          };
          const auto high = [](Split x) { return x.high; };
          const auto low = [](Split x) { return x.low; };
          pass(low, high);
          pass(high, low);
          pass(high, high);
        }
      }
    });
  }

  /// In bf16 within 2⁻¹¹ of it, as the device's instruction is documented: a fortieth of the time, and next to the
  /// operands' roundings nothing.
  float tanh(float x) const { return precision == Precision::bf16 ? round_tf32(alfi::tanh(x)) : alfi::tanh(x); }

  /// Zeros where a number of `hidden`, the left operand of the same place, is not positive.
  void through_relu(Sum (&sum)[2], const Left& hidden) const {
    for (int half = 0; half < 2; ++half)
      each(sum[half], [&](int row, int column, float& total) {
        if (!(hidden.at[row][8 * half + column] > 0)) total = 0;
      });
  }

 private:
  static float rounded(float x) { return number<precision>(stored<precision>(x)); }
  template <class Operand, class Body>
  static Operand made(Body body) {
    Operand operand;
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 16; ++j) operand.at[i][j] = body(i, j);
    return operand;
  }
};

#endif

/// Of every 8 × 8 part of an operand or a sum, thread 4 g + q has (g, 2 q) and (g, 2 q + 1) — of a right operand, whose
/// k the hardware pairs up, (2 q, g) and (2 q + 1, g). Parts of an operand come in the order (0, 0), (1, 0), (0, 1),
/// (1, 1), in eights of (row, k) or (k, column). That is the hardware's own order for bf16 (PTX ISA, mma.m16n8k16). For
/// tf32 (mma.m16n8k8) it has k = q and q + 4 where these are 2 q and 2 q + 1: a reordering of k, the same in both
/// operands.
template <Precision precision, class Warp>
class WarpTensor;

template <class Warp>
class WarpTensorBase {
 public:
  struct Sum {
    float part[4];  ///< (g, 2 q), (g, 2 q + 1), (g + 8, 2 q), (g + 8, 2 q + 1)
  };

  ALFI_HD explicit WarpTensorBase(const Warp& warp) : warp_(warp), g_(warp.thread() / 4), q_(warp.thread() % 4) {}

  template <class Body>
  ALFI_HD void each(Sum& sum, Body body) const {
    ALFI_UNROLL
    for (int i = 0; i < 4; ++i) body(g_ + i / 2 * 8, 2 * q_ + i % 2, sum.part[i]);
  }

  ALFI_HD void set(Sum& sum, const float* columns) const {
    warp_.read(columns + 2 * q_, sum.part[0], sum.part[1]);
    sum.part[2] = sum.part[0];
    sum.part[3] = sum.part[1];
  }
  ALFI_HD void add_outer(Sum& sum, const float* rows, const float* columns) const {
    float column[2];
    warp_.read(columns + 2 * q_, column[0], column[1]);
    ALFI_UNROLL
    for (int i = 0; i < 4; ++i) sum.part[i] = fma(column[i % 2], rows[g_ + i / 2 * 8], sum.part[i]);
  }

 protected:
  Warp warp_;
  int g_, q_;
};

template <class Warp>
class WarpTensor<Precision::bf16, Warp> : public WarpTensorBase<Warp> {
  using Base = WarpTensorBase<Warp>;
  using Base::g_;
  using Base::q_;
  using Base::warp_;

 public:
  using typename Base::Sum;
  /// A pair of numbers a part, the first in the lower half.
  struct Left {
    std::uint32_t part[4];
  };
  struct Right {
    std::uint32_t part[4];
  };

  using Base::Base;

  ALFI_HD Left left(const Sum (&sum)[2]) const {
    Left result;
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) result.part[p] = warp_.pair(sum[p / 2].part[p % 2 * 2], sum[p / 2].part[p % 2 * 2 + 1]);
    return result;
  }
  template <class Body>
  ALFI_HD Right right(Body body) const {
    Right result;
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) {
      const int k = p % 2 * 8 + 2 * q_, column = p / 2 * 8 + g_;
      result.part[p] = warp_.pair(body(k, column), body(k + 1, column));
    }
    return result;
  }

  template <class Matrix>
  ALFI_HD void keep(const Matrix& to, int row, int column, const Left& left) const {
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) *place(to, row, column, p) = left.part[p];
  }
  template <class Matrix>
  ALFI_HD Left kept(const Matrix& from, int row, int column) const {
    Left result;
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) result.part[p] = *place(from, row, column, p);
    return result;
  }

  // A warp loads four parts of 8 × 8 at once: thread 8 p + i names row i of part p.
  template <class Matrix>
  ALFI_HD Left left_transposed(const Matrix& from, int row, int column) const {
    const int p = warp_.thread() / 8, i = warp_.thread() % 8;
    Left result;
    warp_.load_transposed(from.at(row + p / 2 * 8 + i, column + p % 2 * 8), result.part);
    return result;
  }
  template <class Matrix>
  ALFI_HD Right right(const Matrix& from, int row, int column) const {
    const int p = warp_.thread() / 8, i = warp_.thread() % 8;
    Right result;
    warp_.load_transposed(from.at(row + p % 2 * 8 + i, column + p / 2 * 8), result.part);
    return result;
  }
  template <class Matrix>
  ALFI_HD Right right_transposed(const Matrix& from, int row, int column) const {
    const int p = warp_.thread() / 8, i = warp_.thread() % 8;
    Right result;
    warp_.load(from.at(row + p / 2 * 8 + i, column + p % 2 * 8), result.part);
    return result;
  }

  ALFI_HD float tanh(float x) const { return warp_.rough_tanh(x); }

  ALFI_HD void multiply(const Left& left, const Right& right, int half, Sum& sum) const {
    warp_.multiply_bf16(left.part, right.part[2 * half], right.part[2 * half + 1], sum.part);
  }

  ALFI_HD void through_relu(Sum (&sum)[2], const Left& hidden) const {
    ALFI_UNROLL
    for (int i = 0; i < 8; ++i) {
      const std::uint32_t pair = hidden.part[i / 2];
      const float h = from_bits(to_int(i % 2 == 0 ? pair << 16 : pair & 0xFFFF0000u));
      float& total = sum[i / 4].part[i % 4];
      total = h > 0 ? total : 0.0f;
    }
  }

 private:
  template <class Matrix>
  ALFI_HD std::uint32_t* place(const Matrix& matrix, int row, int column, int p) const {
    return reinterpret_cast<std::uint32_t*>(matrix.at(row + p % 2 * 8 + g_, column + p / 2 * 8 + 2 * q_));
  }
};

template <class Warp>
class WarpTensor<Precision::tf32x3, Warp> : public WarpTensorBase<Warp> {
  using Base = WarpTensorBase<Warp>;
  using Base::g_;
  using Base::q_;
  using Base::warp_;

 public:
  using typename Base::Sum;
  /// Two numbers a part; they are split where they are multiplied.
  struct Left {
    float part[4][2];
  };
  struct Right {
    float part[4][2];
  };

  using Base::Base;

  ALFI_HD Left left(const Sum (&sum)[2]) const {
    return made<Left>([&](int p, int e) { return sum[p / 2].part[p % 2 * 2 + e]; });
  }
  template <class Body>
  ALFI_HD Right right(Body body) const {
    return made<Right>([&](int p, int e) { return body(p % 2 * 8 + 2 * q_ + e, p / 2 * 8 + g_); });
  }

  template <class Matrix>
  ALFI_HD void keep(const Matrix& to, int row, int column, const Left& left) const {
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) ALFI_UNROLL
    for (int e = 0; e < 2; ++e) place(to, row, column, p, e)->value = left.part[p][e];
  }
  template <class Matrix>
  ALFI_HD Left kept(const Matrix& from, int row, int column) const {
    return read_pairs<Left>([&](int p) { return place(from, row, column, p, 0); });
  }

  template <class Matrix>
  ALFI_HD Left left_transposed(const Matrix& from, int row, int column) const {
    return made<Left>([&](int p, int e) {
      return warp_.read(&from.at(row + p / 2 * 8 + 2 * q_ + e, column + p % 2 * 8 + g_)->value);
    });
  }
  template <class Matrix>
  ALFI_HD Right right(const Matrix& from, int row, int column) const {
    return made<Right>([&](int p, int e) {
      return warp_.read(&from.at(row + p % 2 * 8 + 2 * q_ + e, column + p / 2 * 8 + g_)->value);
    });
  }
  template <class Matrix>
  ALFI_HD Right right_transposed(const Matrix& from, int row, int column) const {
    return read_pairs<Right>([&](int p) { return from.at(row + p / 2 * 8 + g_, column + p % 2 * 8 + 2 * q_); });
  }

  ALFI_HD float tanh(float x) const { return alfi::tanh(x); }

  ALFI_HD void multiply(const Left& left, const Right& right, int half, Sum& sum) const {
    ALFI_UNROLL
    for (int eight = 0; eight < 2; ++eight) {
      float high_a[4], low_a[4], high_b[2], low_b[2];
      ALFI_UNROLL
      for (int i = 0; i < 4; ++i) warp_.split(left.part[2 * eight + i % 2][i / 2], high_a[i], low_a[i]);
      ALFI_UNROLL
      for (int e = 0; e < 2; ++e) warp_.split(right.part[2 * half + eight][e], high_b[e], low_b[e]);
      warp_.multiply_tf32(low_a, high_b, sum.part);
      warp_.multiply_tf32(high_a, low_b, sum.part);
      warp_.multiply_tf32(high_a, high_b, sum.part);
    }
  }

  ALFI_HD void through_relu(Sum (&sum)[2], const Left& hidden) const {
    ALFI_UNROLL
    for (int i = 0; i < 8; ++i) {
      float& total = sum[i / 4].part[i % 4];
      total = hidden.part[i / 2][i % 2] > 0 ? total : 0.0f;
    }
  }

 private:
  template <class Matrix>
  ALFI_HD Stored<Precision::tf32x3>* place(const Matrix& matrix, int row, int column, int p, int e) const {
    return matrix.at(row + p % 2 * 8 + g_, column + p / 2 * 8 + 2 * q_ + e);
  }
  template <class Operand, class Place>
  ALFI_HD Operand read_pairs(Place place) const {
    Operand operand;
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) warp_.read(&place(p)->value, operand.part[p][0], operand.part[p][1]);
    return operand;
  }
  template <class Operand, class Body>
  ALFI_HD static Operand made(Body body) {
    Operand operand;
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) ALFI_UNROLL
    for (int e = 0; e < 2; ++e) operand.part[p][e] = body(p, e);
    return operand;
  }
};

}  // namespace alfi::inline ALFI_ISA
