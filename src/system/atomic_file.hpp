// Whole files in one piece: read to the end, or replaced in one step.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace alfi {

/// Reads a file or pipe. Throws InputError when it cannot be opened or is a folder or a device, RunError when reading
/// fails or memory does not suffice.
std::vector<std::byte> read_file(const std::filesystem::path& path);

/// Says what a file system refused, "PATH: why".
std::string trouble_of(const std::filesystem::filesystem_error& error);

/// Replaces or creates `path` so that at every moment, a crash or a power cut included, the name shows either the old
/// content or all of the new: a temporary file in the same folder is written, flushed to the disk and renamed.
/// RunError names the path and the cause (full disk, read-only folder); the old file is then untouched and the
/// temporary gone. One exception: where only the last step, flushing the folder, fails, the new file stands already. A
/// symbolic link at `path` is replaced, not followed. A caller that limits file sizes (RLIMIT_FSIZE) ignores SIGXFSZ.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace alfi
