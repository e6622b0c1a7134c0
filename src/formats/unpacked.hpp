// Files that are packed: .gz, and .zip, which .npz is.
#pragma once

#include <cstddef>
#include <vector>

namespace alfi {

/// Returns what a packed file holds, any other as it is. Throws InputError for one that is damaged, or that holds
/// several files or none.
std::vector<std::byte> unpacked(std::vector<std::byte> content);

}  // namespace alfi
