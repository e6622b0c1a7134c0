#include "src/cli/stop.hpp"

#include <csignal>

namespace alfi::cli {
namespace {

constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU};
volatile std::sig_atomic_t wanted = 0;

extern "C" void want_stop(int) {
  wanted = 1;
  for (const int number : signals) std::signal(number, SIG_DFL);
}

}  // namespace

void listen_for_stop() {
  for (const int number : signals)
    if (std::signal(number, want_stop) == SIG_IGN && number == SIGHUP) std::signal(SIGHUP, SIG_IGN);
}

bool stop_wanted() { return wanted != 0; }

}  // namespace alfi::cli
