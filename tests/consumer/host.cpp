// Loads a plug-in and calls it: host PLUGIN RUN.
#include <dlfcn.h>

#include <cstdio>

int main(int, char** arguments) {
  void* const plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  using Estimate = double(const char*);
  const auto estimate = reinterpret_cast<Estimate*>(dlsym(plugin, "estimate"));
  std::printf("%g\n", estimate(arguments[2]));
}
