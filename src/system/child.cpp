#include "src/system/child.hpp"

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

namespace alfi {
namespace {

using namespace std::chrono_literals;

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
    if (error != 0) throw RunError(fmt::format("a program cannot be started: {}", std::strerror(error)));
  }

  posix_spawn_file_actions_t actions_;
};

/// Waits for a child and returns its status; kills it when it is not done in time.
int wait_for(pid_t child, const std::string& name, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (int status = 0;;) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR)
      throw RunError(fmt::format("{} cannot be waited for: {}", name, std::strerror(errno)));
    if (std::chrono::steady_clock::now() > end) {
      ::kill(child, SIGKILL);
      while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
      throw RunError(fmt::format("{} was not done after {} s and was stopped", name,
                                 std::chrono::duration<double>(limit).count()));
    }
    std::this_thread::sleep_for(2ms);
  }
}

}  // namespace

ChildResult run_child(const std::vector<std::string>& arguments, const std::string& input,
                      const std::filesystem::path& folder, std::chrono::milliseconds limit) {
  NamelessFile in, out, err;
  in.write(input);
  FileActions actions;
  actions.connect(in, STDIN_FILENO);
  actions.connect(out, STDOUT_FILENO);
  actions.connect(err, STDERR_FILENO);
  actions.work_in(folder);
  std::vector<std::string> texts = arguments;
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  const std::string& name = arguments.front();
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, name.c_str(), actions.get(), nullptr, pointers.data(), environ);
  if (error == ENOENT) return {.found = false, .out = {}, .err = {}};
  if (error != 0) throw RunError(fmt::format("{} cannot be started: {}", name, std::strerror(error)));
  const int status = wait_for(child, name, limit);
  return {.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
          .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
          .out = out.content(),
          .err = err.content()};
}

std::string trimmed(std::string text, std::size_t most) {
  const auto first = text.find_first_not_of(" \n\t"), last = text.find_last_not_of(" \n\t");
  text = first == text.npos ? "" : text.substr(first, last - first + 1);
  return text.size() > most ? text.substr(0, most) + " …" : text;
}

}  // namespace alfi
