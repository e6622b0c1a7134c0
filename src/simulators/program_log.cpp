#include "src/simulators/program_log.hpp"

#include <fmt/format.h>

#include "alfi/error.hpp"

namespace alfi {

void ProgramLog::add(std::string_view words) {
  const std::lock_guard<std::mutex> guard(mutex_);
  recent_ += words;
  if (recent_.size() > 2 * most_kept) recent_.erase(0, recent_.size() - most_kept);
  if (file_.is_open()) file_ << words << std::flush;
}

void ProgramLog::keep_in(const std::filesystem::path& file) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const bool first = !file_.is_open();
  file_.close();
  file_.clear();
  file_.open(file, std::ios::app | std::ios::binary);
  if (first) file_ << recent_ << std::flush;
  if (!file_) throw RunError(fmt::format("{}: cannot be written", file.string()));
}

std::string ProgramLog::end() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  std::string words = recent_.substr(recent_.size() - std::min(recent_.size(), most_shown));
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return words;
}

}  // namespace alfi
