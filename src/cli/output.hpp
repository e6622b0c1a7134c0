// Ways out for results and messages. Standard output's failures count: a full disk ends a command with exit code 1, a
// reader that has gone (`| head`) ends it quietly with 0, since it has got what it wanted. A file gets its name when it
// is complete.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string_view>
#include <utility>

namespace alfi::cli {

/// Writes a message to standard error. That it cannot be written ends no command: its reader may have gone.
template <class... Arguments>
void say(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  std::fputs(fmt::format(text, std::forward<Arguments>(arguments)...).c_str(), stderr);
}

/// Opens what is closed of standard input, output and error, so that no file of a run gets their numbers. What is
/// written to such an output fails; to such a standard error it is lost.
void open_standard_streams();

/// The reader of standard output closed it.
struct ReaderGone {};

/// Writes all of it to standard output at once. Throws ReaderGone, or RunError with the cause.
void write_output(std::string_view text);

/// Flushes what commands left in buffers; throws the same.
void flush_output();

/// Calls body with the stream of a file beside `path`, which takes its place when body is done; until then, and where
/// body throws or a signal kills, the old file stays. Throws RunError naming the path where it cannot be written.
void write_file(const std::filesystem::path& path, const std::function<void(std::ostream&)>& body);

}  // namespace alfi::cli
