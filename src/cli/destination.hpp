// Files that commands write where an option says: what may stand there before, and what their names must end in.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string_view>

namespace alfi::cli {

/// Throws InputError where `out`, the value of an option, is the file `in`, which `what` says in words.
void require_other_file(const char* option, const std::filesystem::path& out, const std::filesystem::path& in,
                        const char* what);

/// Throws InputError where `out` is there already, unless it is an empty file or `force` is set; always where it is a
/// folder or a device.
void require_free(const char* option, const std::filesystem::path& out, bool force);

/// Throws InputError where a file is there that does not hold what its ending says: arrays (.npy), or rows of numbers.
void require_free_or_numbers(const char* option, const std::filesystem::path& out, bool force);

/// Throws InputError unless the file's name ends in one of these; "" allows a name without an ending.
void require_ending(const char* option, const std::filesystem::path& out,
                    std::initializer_list<std::string_view> endings);

}  // namespace alfi::cli
