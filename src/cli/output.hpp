// Standard output, whose failures count: a full disk ends a command with exit code 1, a reader that has gone (`| head`)
// ends it quietly with 0, since it has got what it wanted.
#pragma once

#include <string_view>

namespace alfi::cli {

/// The reader of standard output closed it.
struct ReaderGone {};

/// Writes all of it to standard output at once. Throws ReaderGone, or RunError with the cause.
void write_output(std::string_view text);

/// Flushes what commands left in buffers; throws the same.
void flush_output();

}  // namespace alfi::cli
