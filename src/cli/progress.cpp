#include "src/cli/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "src/cli/duration.hpp"

namespace alfi::cli {
namespace {

constexpr std::chrono::milliseconds redraw_every{100};
constexpr std::chrono::seconds line_every{5};
constexpr int longest_bar = 30;

int terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// Draws a bar of `bar` places and what follows it; nothing for 0.
std::string bar_text(std::int64_t done, std::int64_t all, int bar) {
  if (bar <= 0) return {};
  const auto full = static_cast<std::size_t>(bar * done / std::max<std::int64_t>(1, all));
  return "[" + std::string(full, '#') + std::string(static_cast<std::size_t>(bar) - full, '-') + "]  ";
}

}  // namespace

std::string progress_text(const TrainingProgress& p, int bar) {
  std::string text = bar_text(p.step, p.steps, bar);
  const std::string rate = std::isnan(p.episodes_per_second) ? "?" : fmt::format("{:.0f}", p.episodes_per_second);
  text += fmt::format("{}/{}  {} episodes/s  loss {:.3f}", p.step, p.steps, rate, p.loss);
  if (!std::isnan(p.validation_loss)) text += fmt::format("  validation {:.3f}", p.validation_loss);
  if (p.skipped > 0) text += fmt::format("  {} updates skipped", p.skipped);
  if (p.left_out > 0) text += fmt::format("  {:.2g} % of observations left out", 100 * p.left_out);
  return text + fmt::format("  {} left", duration_text(p.seconds_left));
}

std::string progress_text(std::size_t done, std::size_t all, double seconds, int bar) {
  const double rate = static_cast<double>(done) / seconds;
  return bar_text(static_cast<std::int64_t>(done), static_cast<std::int64_t>(all), bar) +
         fmt::format("{}/{} sets  {:.0f} sets/s  {} left", done, all, rate,
                     duration_text(static_cast<double>(all - done) / rate));
}

std::string progress_text(double done, double seconds, int bar) {
  return bar_text(static_cast<std::int64_t>(done * 1000), 1000, bar) +
         fmt::format("{:.0f} %  {} left", std::floor(100 * done), duration_text(seconds * (1 - done) / done));
}

ProgressLine::ProgressLine(std::chrono::milliseconds quiet)
    : terminal_(isatty(STDERR_FILENO) == 1), begun_(quiet.count() == 0), next_(Clock::now() + quiet) {}

ProgressLine::~ProgressLine() {
  if (open_) std::fputc('\n', stderr);
}

void ProgressLine::show(bool last, const std::function<std::string(int bar)>& text_of) {
  const Clock::time_point now = Clock::now();
  if (now < next_ && !(last && begun_)) return;
  begun_ = true;
  if (!terminal_) {
    std::fprintf(stderr, "%s\n", text_of(0).c_str());
    next_ = now + line_every;
    return;
  }
  // A line longer than the terminal would not be redrawn but repeated.
  const int width = terminal_width() - 1;
  const int beside = static_cast<int>(text_of(0).size()) + 4;
  const int bar = std::clamp(width - beside, 0, longest_bar);
  const std::string text = text_of(bar).substr(0, static_cast<std::size_t>(std::max(1, width)));
  std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
  std::fflush(stderr);
  open_ = true;
  next_ = now + redraw_every;
}

void JobProgress::show(double done) {
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin_;
  line_.show(done >= 1, [&](int bar) { return progress_text(done, taken.count(), bar); });
}

}  // namespace alfi::cli
