// Rules of what numbers files of data may hold.
#pragma once

#include <limits>
#include <string>
#include <vector>

namespace alfi {

/// Fate of missing numbers: of fields that are empty, NA, NaN or null, of NaN and infinities in arrays.
enum class Missing { refused, read_as_nan };

struct NumberRule {
  Missing missing = Missing::refused;
  std::vector<double> codes = {};                      ///< numbers that stand for missing ones, such as -999
  double largest = std::numeric_limits<float>::max();  ///< magnitude

  /// Rounds a number to float; NaN of a missing one that is read so. Throws InputError that says, without its place,
  /// why it is refused; `text` is the number as it was written.
  float checked(double value, const std::string& text) const;
};

}  // namespace alfi
