// A header's simulator tried by itself, so that it may be compiled with sanitizers and ended when it never returns.
// Compiled with ALFI_SIMULATOR_HEADER, the user's header. Its argument is how many seconds one θ may take, after which
// an alarm ends the program. Standard input has θ, D numbers each; standard output says which is being simulated.
#include ALFI_SIMULATOR_HEADER

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "kernels/launch/module.hpp"

extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

int main(int, char** arguments) {
  using Sim = alfi::ModuleSimulator;
  const auto seconds = static_cast<unsigned>(std::atoi(arguments[1]));
  constexpr int count = 64;
  const alfi::HostSimulator functions = alfi::host_simulator<Sim>();
  alfi::Sample sample{
      .simulator = 0, .D = Sim::D, .X = Sim::X, .key = {1, 2}, .theta = {}, .first = 0, .count = count, .x = nullptr};
  for (int number = 0;; ++number) {
    for (int d = 0; d < Sim::D; ++d)
      if (std::scanf("%f", &sample.theta[d]) != 1) return 0;
    std::printf("%d\n", number);
    std::fflush(stdout);
    alarm(seconds);
    std::vector<float> x(static_cast<std::size_t>(count) * Sim::X);
    sample.x = x.data();
    functions.draw_sample(functions.context, sample);
  }
}
