// Mean and squared deviations of many numbers, in double: pieces of 256 numbers, each in two passes, merged in order by
//
//   n = n₁ + n₂,  δ = m₂ − m₁,  m = m₁ + δ n₂/n,  S = S₁ + S₂ + δ² n₁ n₂/n        (Chan, Golub, LeVeque 1979)
//
// The pieces are the same whoever computes them, and so are the bits.
#pragma once

#include "kernels/lanes/lanes.hpp"

namespace alfi {

struct Moments {
  double count, mean;
  double squares;  ///< Σ (x − mean)²
};

inline constexpr std::int64_t moments_piece = 256;

inline namespace ALFI_ISA {

/// The moments of x (rows, columns), column by column, in pieces: number i is of piece i / columns of column i mod
/// columns.
struct MomentsOfPieces {
  const float* x;
  std::int64_t rows;
  int columns;

  ALFI_HD std::int64_t size() const { return (rows + moments_piece - 1) / moments_piece * columns; }

  ALFI_HD Moments operator()(std::int64_t i) const {
    const std::int64_t first = i / columns * moments_piece;
    const std::int64_t count = rows - first < moments_piece ? rows - first : moments_piece;
    const float* const begin = x + first * columns + i % columns;
    double sum = 0, squares = 0;
    for (std::int64_t row = 0; row < count; ++row) sum += static_cast<double>(begin[row * columns]);
    const double mean = sum / static_cast<double>(count);
    for (std::int64_t row = 0; row < count; ++row) {
      const double deviation = static_cast<double>(begin[row * columns]) - mean;
      squares += deviation * deviation;
    }
    return {static_cast<double>(count), mean, squares};
  }
};

ALFI_HD Moments merged(const Moments& a, const Moments& b) {
  const double count = a.count + b.count, difference = b.mean - a.mean;
  return {count, a.mean + difference * (b.count / count),
          a.squares + b.squares + difference * difference * (a.count * b.count / count)};
}

}  // namespace ALFI_ISA
}  // namespace alfi
