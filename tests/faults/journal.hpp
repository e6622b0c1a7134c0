// Journal of what a program did to the files of a folder: written by journal.cpp, read by power_loss.cpp.
#pragma once

#include <cstdint>

namespace alfi::faults {

enum class Deed : std::uint64_t { created, written, cut, flushed, renamed, removed, folder_made };

/// Head of an entry. Behind it are the path, the new path and the data, as many bytes as it says.
struct JournalEntry {
  Deed deed;
  std::uint64_t inode;   ///< of the file or folder
  std::uint64_t parent;  ///< inode of the folder whose entry changes
  std::uint64_t offset;  ///< that the data are written at
  std::uint64_t path_size, new_path_size, data_size;
};

}  // namespace alfi::faults
