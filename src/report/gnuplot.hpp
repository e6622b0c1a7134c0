// Pictures by gnuplot (Debian gnuplot-nox), as a child process without a shell.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace alfi::report {

/// Returns what the commands draw on an SVG terminal, which they set themselves: one document or several, one after the
/// other. They run in `folder`, where they find their data, without the user's own settings. Throws RunError where
/// there is no gnuplot, naming the package; where it fails, with what it said; where it is not done in time.
std::string run_gnuplot(const std::string& commands, const std::filesystem::path& folder,
                        std::chrono::milliseconds limit = std::chrono::minutes(1));

}  // namespace alfi::report
