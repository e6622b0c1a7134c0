// Energy distances of many sets of observations to one pool of them, on a grid.
//
// For numbers it is 2 ∫ (F − G)², F and G their distribution functions (Székely and Rizzo 2013, J. Stat. Plan.
// Inference 143, 1249), here summed over a grid at quantiles of the pool. For observations of X numbers it is the mean
// over directions: each number alone, and some random ones.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace alfi {

class EnergyGrid {
 public:
  /// Takes the pool (rows, X), row by row, at least two rows.
  EnergyGrid(std::span<const float> pool, int X);

  /// Results for x (rows, X), at least one row.
  struct Measure {
    double distance;  ///< not below 0, and above it for equal laws too, by what chance makes of that many rows
    std::vector<double> parts;  ///< of x in each cell of the grid, over the root of the pool's part
  };
  Measure of(std::span<const float> x) const;

 private:
  struct Direction {
    std::size_t axis;           ///< the number along which it goes, where `of` is empty
    std::vector<float> of;      ///< (X) coordinates of a random one
    std::vector<float> places;  ///< of the grid, in ascending order
    std::vector<double> below;  ///< part of the pool that is not above each place
    std::vector<double> width;  ///< what each place stands for
  };

  /// Returns x along a direction.
  std::vector<float> along(const Direction& direction, std::span<const float> x) const;

  std::size_t X_;
  std::vector<Direction> directions_;
};

}  // namespace alfi
