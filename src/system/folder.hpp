// Folders: their names, and names that outlast a power cut.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace alfi {

/// Lists the names in a folder, in no order; none where there is no such folder. Throws RunError where it cannot be
/// read, std::bad_alloc where memory does not suffice, which would end a program in std::filesystem's iterators.
std::vector<std::string> names_in(const std::filesystem::path& folder);

/// Creates a folder and those above it that are missing, so that they are there after a power cut, too. Throws
/// RunError.
void create_folders(const std::filesystem::path& folder);

/// Flushes a file, or the names in a folder, to the disk. One that may not be read cannot be flushed, and is let be.
/// Throws RunError.
void flush_to_disk(const std::filesystem::path& path);

}  // namespace alfi
