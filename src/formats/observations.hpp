// Sets of observations: read from .csv and .npy files, checked against what a simulator can produce, and written.
//
// .csv: one observation a line, numbers separated by commas. Lines that begin with # are comments; one line of column
// names may come first; blank lines may stand before the first and after the last observation only, since between two a
// value may be missing. Numbers are read strictly: 1, -0.5, 2e-3.
//
// .npy (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): formats 1.0 to 3.0; float32, float64
// and all integers, little-endian, in C or Fortran order; shape (count, dimension), or (count,) for dimension 1.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <vector>

#include "alfi/simulators.hpp"

namespace alfi {

struct Observations {
  int count = 0;
  int dimension = 0;
  std::vector<float> values;  // (count, dimension), row-major
};

/// Reads at least one observation, all values finite and rounded to float. Throws InputError naming the file, the place
/// in it (line of a .csv, observation of a .npy), the value and what is allowed.
Observations read_observations(const std::filesystem::path& path);

/// Checks that a simulator could have made them. InputError names the first observation it could not, its value and
/// what is allowed.
void check_observations(const Observations& observations, const ObservationInfo& allowed);

/// Reads observations and checks them. Every InputError names the file.
Observations read_observations(const std::filesystem::path& path, const ObservationInfo& allowed);

/// Writes a .npy file of float32 and shape (count, dimension), piece by piece: the header once, then all values in any
/// number of calls. Throws RunError when the stream fails.
void write_npy_header(std::ostream& out, std::int64_t count, int dimension);
void write_npy_values(std::ostream& out, std::span<const float> values);

/// Lines of a .csv file, (rows, dimension) values in the fewest digits that read back as the same float. RunError when
/// the stream fails.
void write_csv_values(std::ostream& out, std::span<const float> values, int dimension);

}  // namespace alfi
