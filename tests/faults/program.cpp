#include "tests/faults/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace alfi::faults {
namespace {

using Clock = std::chrono::steady_clock;

/// Becomes the program, with these files as its outputs.
[[noreturn]] void become(const Call& call, const std::string& out, const std::string& err) {
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
  ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
  for (const std::string& variable : call.environment) {
    const std::size_t equals = variable.find('=');
    ::setenv(variable.substr(0, equals).c_str(), variable.c_str() + equals + 1, 1);
  }
  std::vector<std::string> texts = call.arguments;
  std::vector<char*> words;
  for (std::string& text : texts) words.push_back(text.data());
  words.push_back(nullptr);
  ::execv(words[0], words.data());
  ::_exit(127);
}

}  // namespace

Ending run(const Call& call) {
  static const std::string place =
      (std::filesystem::temp_directory_path() / ("alfi-faults-" + std::to_string(::getpid()))).string();
  const std::string out = place + ".out", err = place + ".err";
  const Clock::time_point begin = Clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(Clock::now() - begin); };
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) become(call, out, err);
  Ending ending;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (ending.in_time && passed() > call.limit) {
      ending.in_time = false;
      ::kill(child, SIGKILL);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  ending.seconds = passed().count();
  ending.code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  ending.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  ending.out = content_of(out);
  ending.err = content_of(err);
  std::filesystem::remove(out);
  std::filesystem::remove(err);
  return ending;
}

std::string content_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace alfi::faults
