// Missing numbers in files of data.
#pragma once

namespace alfi {

/// Fate of missing numbers: of fields that are empty, NA, NaN or null, of NaN and infinities in arrays.
enum class Missing { refused, read_as_nan };

}  // namespace alfi
