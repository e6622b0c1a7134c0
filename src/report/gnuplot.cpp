#include "src/report/gnuplot.hpp"

#include <fmt/format.h>

#include "alfi/error.hpp"
#include "src/system/child.hpp"

namespace alfi::report {

std::string run_gnuplot(const std::string& commands, const std::filesystem::path& folder,
                        std::chrono::milliseconds limit) {
  const ChildResult child = run_child({"gnuplot", "-d"}, commands, folder, limit);  // -d: no settings but its own
  if (!child.found)
    throw RunError("there is no gnuplot here, which draws the figures; Debian's package is gnuplot-nox");
  const std::string said = trimmed(child.err);
  if (child.signal != 0)
    throw RunError(fmt::format("gnuplot ended by signal {}{}", child.signal, said.empty() ? "" : ": " + said));
  if (child.exit_code != 0)
    throw RunError(
        fmt::format("gnuplot failed with exit code {}: {}", child.exit_code, said.empty() ? "it said nothing" : said));
  if (!trimmed(child.out.substr(child.out.size() < 100 ? 0 : child.out.size() - 100)).ends_with("</svg>"))
    throw RunError(
        fmt::format("gnuplot ended in the middle of a picture: {}", said.empty() ? "it said nothing" : said));
  return child.out;
}

}  // namespace alfi::report
