#include "src/cli/stop.hpp"

#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstring>
#include <string>

namespace alfi::cli {
namespace {

constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU};
volatile std::sig_atomic_t wanted = 0;

/// Path of the file that goes when a signal kills; empty: none. A handler may read no more than this.
char unfinished[PATH_MAX] = "";

extern "C" void die(int number) {
  if (unfinished[0] != '\0') ::unlink(unfinished);
  std::signal(number, SIG_DFL);
  std::raise(number);
}

extern "C" void want_stop(int) {
  wanted = 1;
  for (const int number : signals) std::signal(number, die);
}

}  // namespace

void listen_for_stop() {
  for (const int number : signals)
    if (std::signal(number, want_stop) == SIG_IGN && number == SIGHUP) std::signal(SIGHUP, SIG_IGN);
}

RemovedWhenKilled::RemovedWhenKilled(const std::filesystem::path& file) {
  const std::string path = file.string();
  if (path.size() < sizeof unfinished) std::memcpy(unfinished, path.c_str(), path.size() + 1);
  for (const int number : signals) {
    const auto before = std::signal(number, die);
    if (before != SIG_DFL) std::signal(number, before);
  }
}

RemovedWhenKilled::~RemovedWhenKilled() { unfinished[0] = '\0'; }

bool stop_wanted() { return wanted != 0; }

}  // namespace alfi::cli
