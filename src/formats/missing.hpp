// Missing numbers in files of data.
#pragma once

namespace alfi {

/// What becomes of missing numbers: of a field that is empty, NA, NaN or null, of NaN and infinities in arrays.
enum class Missing { refused, read_as_nan };

}  // namespace alfi
