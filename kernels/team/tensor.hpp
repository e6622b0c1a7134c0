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
//                 a device (kernels/team/cuda_team.hpp), FiberWarp (tests/support) computes what they are documented
//                 to.
//
// Sums run over k in one order, the same for both: in bf16 k as it is; in tf32x3 eight at a time, first the even ones,
// and first lo·hi, then hi·lo, then hi·hi.
#pragma once

#include "kernels/lanes/math.hpp"
#include "kernels/lanes/precision.hpp"

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
  struct Column {
    float at[16];
  };

  /// Calls body(row, column, number, others…) for every number of a sum and those of others at its place.
  template <class Body, class... Others>
  void each(Sum& sum, Body body, const Others&... other) const {
    for (int row = 0; row < 16; ++row)
      for (int column = 0; column < 8; ++column) body(row, column, sum.at[row][column], other.at[row][column]...);
  }

  /// Sets every row to columns (8) of fast memory.
  void set(Sum& sum, const float* columns) const {
    each(sum, [&](int, int column, float& total) { total = columns[column]; });
  }
  /// Reads a number of each of 16 rows.
  Column column(const float* rows) const {
    Column column;
    for (int row = 0; row < 16; ++row) column.at[row] = rows[row];
    return column;
  }
  /// Computes sum += rows (16) · columns (8), the latter of fast memory.
  void add_outer(Sum& sum, const Column& rows, const float* columns) const {
    each(sum, [&](int row, int column, float& total) { total = fma(columns[column], rows.at[row], total); });
  }

  Left left(const Sum (&sum)[2]) const {
    return made<Left>([&](int row, int k) { return rounded(sum[k / 8].at[row][k % 8]); });
  }
  /// Returns a right operand whose numbers are body(k, column).
  template <class Body>
  Right right(Body body) const {
    return made<Right>([&](int k, int column) { return rounded(body(k, column)); });
  }

  /// Keeps a sum at a place (16 · 8) of fast memory, and reads it again.
  void keep(float* place, const Sum& sum) const { std::memcpy(place, sum.at, sizeof sum.at); }
  void read(const float* place, Sum& sum) const { std::memcpy(sum.at, place, sizeof sum.at); }

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
  /// Returns the transpose of the left operand at (row, column).
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

  /// Computes sum += left · right, of the right operand's first or second 8 columns.
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

  /// Returns tanh x; in bf16 within 2⁻¹¹ of it, as the device's instruction is documented, in a fortieth of the time.
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

/// Numbers of an operand or a sum, thread by thread. Of every 8 × 8 part thread 4 g + q has (g, 2 q) and (g, 2 q + 1),
/// but of a right operand, whose k the hardware pairs up, (2 q, g) and (2 q + 1, g). Parts of an operand come in the
/// order (0, 0), (1, 0), (0, 1), (1, 1), in eights of (row, k) or (k, column). That is the hardware's own order for
/// bf16 (PTX ISA, mma.m16n8k16). For tf32 (mma.m16n8k8) it has k = q and q + 4 where these are 2 q and 2 q + 1: a
/// reordering of k, the same in both operands.
///
/// WarpParts is the precision's own of it: what two numbers of a thread are, and how they get from and to fast memory.
template <Precision precision, class Warp>
struct WarpParts;

/// A pair is a word, the first number in the lower half.
template <class Warp>
struct WarpParts<Precision::bf16, Warp> {
  using Pair = std::uint32_t;
  using Place = Stored<Precision::bf16>*;

  Warp warp;

  ALFI_HD Pair pair(float first, float second) const { return warp.pair(first, second); }
  ALFI_HD static float number(Pair pair, int i) { return from_bits(to_int(i == 0 ? pair << 16 : pair & 0xFFFF0000u)); }

  ALFI_HD void keep(Place place, Pair pair) const { *reinterpret_cast<Pair*>(place) = pair; }
  ALFI_HD Pair kept(Place place) const { return *reinterpret_cast<const Pair*>(place); }

  // Loads four parts at once: thread 8 p + i of the warp names row i of part p.
  template <class At>
  ALFI_HD void load(At at, Pair (&part)[4]) const {
    warp.load(at(warp.thread() / 8, warp.thread() % 8, 0), part);
  }
  template <class At>
  ALFI_HD void load_transposed(At at, Pair (&part)[4]) const {
    warp.load_transposed(at(warp.thread() / 8, warp.thread() % 8, 0), part);
  }

  ALFI_HD void multiply(const Pair (&left)[4], Pair right0, Pair right1, float (&sum)[4]) const {
    warp.multiply_bf16(left, right0, right1, sum);
  }

  ALFI_HD float tanh(float x) const { return warp.rough_tanh(x); }
};

/// Numbers are split where they are multiplied.
template <class Warp>
struct WarpParts<Precision::tf32x3, Warp> {
  struct Pair {
    float at[2];
  };
  using Place = Stored<Precision::tf32x3>*;

  Warp warp;

  ALFI_HD Pair pair(float first, float second) const { return {first, second}; }
  ALFI_HD static float number(Pair pair, int i) { return pair.at[i]; }

  ALFI_HD void keep(Place place, Pair pair) const {
    place[0].value = pair.at[0];
    place[1].value = pair.at[1];
  }
  ALFI_HD Pair kept(Place place) const {
    Pair pair;
    warp.read(&place->value, pair.at[0], pair.at[1]);
    return pair;
  }

  template <class At>
  ALFI_HD void load(At at, Pair (&part)[4]) const {
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) part[p] = kept(at(p, warp.thread() / 4, warp.thread() % 4 * 2));
  }
  template <class At>
  ALFI_HD void load_transposed(At at, Pair (&part)[4]) const {
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) ALFI_UNROLL
    for (int e = 0; e < 2; ++e) part[p].at[e] = warp.read(&at(p, warp.thread() % 4 * 2 + e, warp.thread() / 4)->value);
  }

  ALFI_HD void multiply(const Pair (&left)[4], Pair right0, Pair right1, float (&sum)[4]) const {
    ALFI_UNROLL
    for (int eight = 0; eight < 2; ++eight) {
      const Pair right = eight == 0 ? right0 : right1;
      float high_a[4], low_a[4], high_b[2], low_b[2];
      ALFI_UNROLL
      for (int i = 0; i < 4; ++i) set(warp.split(left[2 * eight + i % 2].at[i / 2]), high_a[i], low_a[i]);
      ALFI_UNROLL
      for (int e = 0; e < 2; ++e) set(warp.split(right.at[e]), high_b[e], low_b[e]);
      warp.multiply_tf32(low_a, high_b, sum);
      warp.multiply_tf32(high_a, low_b, sum);
      warp.multiply_tf32(high_a, high_b, sum);
    }
  }

  ALFI_HD float tanh(float x) const { return alfi::tanh(x); }

 private:
  ALFI_HD static void set(Split split, float& high, float& low) {
    high = split.high;
    low = split.low;
  }
};

template <Precision precision, class Warp>
class WarpTensor {
  using Parts = WarpParts<precision, Warp>;
  using Pair = typename Parts::Pair;

 public:
  struct Sum {
    float part[4];  ///< (g, 2 q), (g, 2 q + 1), (g + 8, 2 q), (g + 8, 2 q + 1)
  };
  struct Left {
    Pair part[4];
  };
  struct Right {
    Pair part[4];
  };
  struct Column {
    float part[2];  ///< g, g + 8
  };

  ALFI_HD explicit WarpTensor(const Warp& warp) : parts_{warp}, g_(warp.thread() / 4), q_(warp.thread() % 4) {}

  template <class Body, class... Others>
  ALFI_HD void each(Sum& sum, Body body, const Others&... other) const {
    ALFI_UNROLL
    for (int i = 0; i < 4; ++i) body(g_ + i / 2 * 8, 2 * q_ + i % 2, sum.part[i], other.part[i]...);
  }

  ALFI_HD void set(Sum& sum, const float* columns) const {
    parts_.warp.read(columns + 2 * q_, sum.part[0], sum.part[1]);
    sum.part[2] = sum.part[0];
    sum.part[3] = sum.part[1];
  }
  ALFI_HD Column column(const float* rows) const { return {{rows[g_], rows[g_ + 8]}}; }
  ALFI_HD void add_outer(Sum& sum, const Column& rows, const float* columns) const {
    float column[2];
    parts_.warp.read(columns + 2 * q_, column[0], column[1]);
    ALFI_UNROLL
    for (int i = 0; i < 4; ++i) sum.part[i] = fma(column[i % 2], rows.part[i / 2], sum.part[i]);
  }

  ALFI_HD Left left(const Sum (&sum)[2]) const {
    Left result;
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) {
      const float* const pair = sum[p / 2].part + p % 2 * 2;
      result.part[p] = parts_.pair(pair[0], pair[1]);
    }
    return result;
  }
  template <class Body>
  ALFI_HD Right right(Body body) const {
    Right result;
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) {
      const int k = p % 2 * 8 + 2 * q_, column = p / 2 * 8 + g_;
      result.part[p] = parts_.pair(body(k, column), body(k + 1, column));
    }
    return result;
  }

  ALFI_HD void keep(float* place, const Sum& sum) const {
    parts_.warp.keep(place + 4 * parts_.warp.thread(), sum.part);
  }
  ALFI_HD void read(const float* place, Sum& sum) const {
    parts_.warp.read(place + 4 * parts_.warp.thread(), sum.part);
  }

  template <class Matrix>
  ALFI_HD void keep(const Matrix& to, int row, int column, const Left& left) const {
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) parts_.keep(along(to, row, column)(p, g_, 2 * q_), left.part[p]);
  }
  template <class Matrix>
  ALFI_HD Left kept(const Matrix& from, int row, int column) const {
    Left result;
    ALFI_UNROLL
    for (int p = 0; p < 4; ++p) result.part[p] = parts_.kept(along(from, row, column)(p, g_, 2 * q_));
    return result;
  }

  template <class Matrix>
  ALFI_HD Left left_transposed(const Matrix& from, int row, int column) const {
    Left result;
    parts_.load_transposed(across(from, row, column), result.part);
    return result;
  }
  template <class Matrix>
  ALFI_HD Right right(const Matrix& from, int row, int column) const {
    Right result;
    parts_.load_transposed(along(from, row, column), result.part);
    return result;
  }
  template <class Matrix>
  ALFI_HD Right right_transposed(const Matrix& from, int row, int column) const {
    Right result;
    parts_.load(across(from, row, column), result.part);
    return result;
  }

  ALFI_HD void multiply(const Left& left, const Right& right, int half, Sum& sum) const {
    parts_.multiply(left.part, right.part[2 * half], right.part[2 * half + 1], sum.part);
  }

  ALFI_HD float tanh(float x) const { return parts_.tanh(x); }

  ALFI_HD void through_relu(Sum (&sum)[2], const Left& hidden) const {
    ALFI_UNROLL
    for (int i = 0; i < 8; ++i) {
      float& total = sum[i / 4].part[i % 4];
      total = Parts::number(hidden.part[i / 2], i % 2) > 0 ? total : 0.0f;
    }
  }

 private:
  /// Maps (part, i, j) to the place of row i, column j of an 8 × 8 part. The parts come down the matrix first, or
  /// across it.
  template <class Matrix>
  ALFI_HD static auto along(const Matrix& matrix, int row, int column) {
    return [=](int p, int i, int j) { return matrix.at(row + p % 2 * 8 + i, column + p / 2 * 8 + j); };
  }
  template <class Matrix>
  ALFI_HD static auto across(const Matrix& matrix, int row, int column) {
    return [=](int p, int i, int j) { return matrix.at(row + p / 2 * 8 + i, column + p % 2 * 8 + j); };
  }

  Parts parts_;
  int g_, q_;
};

}  // namespace alfi::inline ALFI_ISA
