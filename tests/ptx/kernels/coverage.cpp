// What the tests of this program together executed of the kernels' PTX.
//
// At most 2 % may be left:
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/ptx/kernels/runs.hpp"

namespace alfi::test {
namespace {

class Coverage : public testing::Environment {
 public:
  void TearDown() override {
    if (testing::GTEST_FLAG(filter) != "*" && std::getenv("ALFI_PTX_MISSED") == nullptr) return;
    constexpr double least = 0.98;
    int all = 0, missed = 0;
    std::string lines;
    for (const auto& [name, kernel] : ptx_kernels().kernels()) {
      const ptx::Coverage coverage = ptx::coverage(*kernel);
      all += coverage.instructions;
      missed += static_cast<int>(coverage.missed.size());
      fmt::print("{:<20} {:6} of {:6} instructions executed\n", name,
                 coverage.instructions - static_cast<int>(coverage.missed.size()), coverage.instructions);
      for (const ptx::Line& line : coverage.missed) lines += fmt::format("{} {}: {}\n", name, line.number, line.text);
    }
    const double share = 1 - static_cast<double>(missed) / all;
    fmt::print("{}: {:.2f} % of {} instructions executed\n", architecture(), 100 * share, all);
    if (const char* const file = std::getenv("ALFI_PTX_MISSED"); file != nullptr) {
      std::FILE* const to = std::fopen(file, "w");
      std::fputs(lines.c_str(), to);
      std::fclose(to);
    }
    EXPECT_GE(share, least) << lines;
  }
};

const testing::Environment* const judged = testing::AddGlobalTestEnvironment(new Coverage);

}  // namespace
}  // namespace alfi::test
