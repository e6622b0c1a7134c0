#include "src/cli/stop.hpp"

#include <csignal>

namespace alfi::cli {
namespace {

volatile std::sig_atomic_t wanted = 0;

extern "C" void want_stop(int) {
  wanted = 1;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

void listen_for_stop() {
  std::signal(SIGINT, want_stop);
  std::signal(SIGTERM, want_stop);
}

bool stop_wanted() { return wanted != 0; }

}  // namespace alfi::cli
