// Coverage of the kernels' PTX by the tests of this program together: 98 % at least of what can be executed. Code that
// cannot be executed is listed here by kernel, with the reason. A failure prints the rest of what was not executed line
// by line.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/ptx/kernels/runs.hpp"

namespace alfi::test {
namespace {

/// Instructions of a kernel that no launch can reach; as many as were seen when the reason was found.
struct Unreachable {
  const char* architecture;
  const char* kernel;
  int instructions;
  const char* reason;
};

constexpr const char* biases =
    "copies of biases, at most 128 on tensor cores and few enough for shared memory else, are unrolled for 1024";
constexpr const char* overflow = "no plan asks a Carver for 2^30 numbers, its answer to which the compiler took apart";
constexpr const char* one_row = "the real set's code has the rows of one set of lanes, its loop is unrolled for five";
constexpr const char* places = "a thread has one of 16 groups of 16 weights, or one of 256 places, not four";
constexpr const char* no_inputs = "there is no linear regression on no inputs, which has a loop of its own";

constexpr Unreachable unreachable[] = {{"sm_90", "encode/0", 178, biases},
                                       {"sm_90", "encode/1", 231, biases},
                                       {"sm_90", "encode/2", 247, biases},
                                       {"sm_90", "encode/3", 247, biases},
                                       {"sm_90", "encoder_gradient/0", 123, biases},
                                       {"sm_90", "encoder_gradient/1", 244, biases},
                                       {"sm_90", "encoder_gradient/2", 235, biases},
                                       {"sm_90", "encoder_gradient/3", 270, biases},
                                       {"sm_90", "second_layer/0", 125, overflow},
                                       {"sm_90", "second_slopes/0", 252, overflow},
                                       {"sm_90", "first_slopes/0", 236, overflow},
                                       {"sm_90", "rollout_gradient/0", 187, one_row},
                                       {"sm_90", "rollout_gradient/4", 187, one_row},
                                       {"sm_90", "apply_update/0", 111, places},
                                       {"sm_90", "conclude/0", 83, places},
                                       {"sm_120", "apply_update/0", 103, places},
                                       {"sm_120", "conclude/0", 143, places},
                                       {"sm_120", "draw_sample/0", 251, no_inputs}};

int unreachable_of(const std::string& kernel, int missed) {
  for (const Unreachable& known : unreachable)
    if (known.architecture == architecture() && known.kernel == kernel) return std::min(known.instructions, missed);
  return 0;
}

class Coverage : public testing::Environment {
 public:
  void TearDown() override {
    if (testing::GTEST_FLAG(filter) != "*") return;
    constexpr double least = 0.98;
    int all = 0, reachable = 0, executed = 0;
    std::string lines;
    for (const auto& [name, kernel] : ptx_kernels().kernels()) {
      const ptx::Coverage coverage = ptx::coverage(*kernel);
      const int missed = static_cast<int>(coverage.missed.size());
      all += coverage.instructions;
      reachable += coverage.instructions - unreachable_of(name, missed);
      executed += coverage.instructions - missed;
      fmt::print("{:<20} {:6} of {:6} instructions executed\n", name, coverage.instructions - missed,
                 coverage.instructions);
      for (const ptx::Line& line : coverage.missed) lines += fmt::format("{} {}: {}\n", name, line.number, line.text);
    }
    const double share = static_cast<double>(executed) / reachable;
    fmt::print("{}: {} executed, {:.2f} % of {} instructions and {:.2f} % of the {} that can be\n", architecture(),
               executed, 100.0 * executed / all, all, 100 * share, reachable);
    EXPECT_GE(share, least) << lines;
  }
};

const testing::Environment* const judged = testing::AddGlobalTestEnvironment(new Coverage);

}  // namespace
}  // namespace alfi::test
