#include "src/report/gnuplot.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

#include "alfi/error.hpp"

namespace alfi::report {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_of_a_complaint = 1200;

/// A file without a name, gone when closed. Unlike pipes, files never make the child wait for us.
class NamelessFile {
 public:
  NamelessFile() : file_(std::tmpfile(), &std::fclose) {
    if (!file_) throw RunError(fmt::format("a temporary file cannot be created: {}", std::strerror(errno)));
  }

  int number() const { return ::fileno(file_.get()); }

  void write(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() || std::fflush(file_.get()) != 0)
      throw RunError(fmt::format("a temporary file cannot be written: {}", std::strerror(errno)));
    std::rewind(file_.get());
  }

  std::string content() {
    std::rewind(file_.get());
    std::string text;
    char piece[4096];
    for (std::size_t got = 0; (got = std::fread(piece, 1, sizeof piece, file_.get())) > 0;) text.append(piece, got);
    return text;
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }

  void connect(const NamelessFile& file, int number) {
    check(posix_spawn_file_actions_adddup2(&actions_, file.number(), number));
  }
  void work_in(const std::filesystem::path& folder) {
    check(posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str()));
  }

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  static void check(int error) {
    if (error != 0) throw RunError(fmt::format("gnuplot cannot be started: {}", std::strerror(error)));
  }

  posix_spawn_file_actions_t actions_;
};

/// Waits for a child and returns its status; kills it when it is not done in time.
int wait_for(pid_t child, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (int status = 0;;) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR)
      throw RunError(fmt::format("gnuplot cannot be waited for: {}", std::strerror(errno)));
    if (std::chrono::steady_clock::now() > end) {
      ::kill(child, SIGKILL);
      while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
      throw RunError(
          fmt::format("gnuplot was not done after {} s and was stopped", std::chrono::duration<double>(limit).count()));
    }
    std::this_thread::sleep_for(2ms);
  }
}

std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(" \n\t"), last = text.find_last_not_of(" \n\t");
  text = first == text.npos ? "" : text.substr(first, last - first + 1);
  return text.size() > most_of_a_complaint ? text.substr(0, most_of_a_complaint) + " …" : text;
}

}  // namespace

std::string run_gnuplot(const std::string& commands, const std::filesystem::path& folder,
                        std::chrono::milliseconds limit) {
  NamelessFile in, out, err;
  in.write(commands);
  FileActions actions;
  actions.connect(in, STDIN_FILENO);
  actions.connect(out, STDOUT_FILENO);
  actions.connect(err, STDERR_FILENO);
  actions.work_in(folder);
  char name[] = "gnuplot", plain[] = "-d";  // -d: no settings but its own
  char* const arguments[] = {name, plain, nullptr};
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, name, actions.get(), nullptr, arguments, environ);
  if (error == ENOENT)
    throw RunError("there is no gnuplot here, which draws the figures; Debian's package is gnuplot-nox");
  if (error != 0) throw RunError(fmt::format("gnuplot cannot be started: {}", std::strerror(error)));
  const int status = wait_for(child, limit);
  std::string drawn = out.content();
  const std::string said = trimmed(err.content());
  if (WIFSIGNALED(status))
    throw RunError(fmt::format("gnuplot ended by signal {}{}", WTERMSIG(status), said.empty() ? "" : ": " + said));
  if (WEXITSTATUS(status) != 0)
    throw RunError(fmt::format("gnuplot failed with exit code {}: {}", WEXITSTATUS(status),
                               said.empty() ? "it said nothing" : said));
  if (!trimmed(drawn.substr(drawn.size() < 100 ? 0 : drawn.size() - 100)).ends_with("</svg>"))
    throw RunError(
        fmt::format("gnuplot ended in the middle of a picture: {}", said.empty() ? "it said nothing" : said));
  return drawn;
}

}  // namespace alfi::report
