// Runs the kernel tests of one instruction set, named by ALFI_NEEDS. On a machine without it nothing that was compiled
// for it may run, static initialisers included: a constructor that comes before all of them then reports one skipped
// test.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

bool machine_has(const char* instruction_set) {
#ifdef ALFI_X86
  __builtin_cpu_init();
  if (std::strcmp(instruction_set, "avx2") == 0) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (std::strcmp(instruction_set, "avx512") == 0)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
#endif
  return std::strcmp(instruction_set, "baseline") == 0;
}

__attribute__((constructor(101))) void skip_where_the_machine_cannot(int argc, char** argv, char**) {
  if (machine_has(ALFI_NEEDS)) return;
  bool list = false;
  for (int i = 1; i < argc; ++i) list = list || std::strcmp(argv[i], "--gtest_list_tests") == 0;
  if (list)
    std::puts("Kernels.\n  NeedThisInstructionSet");
  else
    std::puts("[  SKIPPED ] this machine has no " ALFI_NEEDS);
  std::fflush(stdout);
  std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
