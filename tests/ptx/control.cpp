// Branches, ends and barriers.
#include "tests/ptx/handlers.hpp"
#include "tests/ptx/warp.hpp"

namespace alfi::test::ptx {

void branch(Warp& warp, const Instruction& instruction) {
  std::uint32_t lanes = warp.mask();
  if (instruction.from[0] != no_place) {
    const std::uint32_t predicate = *warp.at<std::uint32_t>(instruction.from[0]);
    lanes &= instruction.negated ? ~predicate : predicate;
  }
  warp.jump(lanes, instruction.target);
}

void leave(Warp& warp, const Instruction& instruction) { warp.leave(instruction); }

void wait_at_barrier(Warp& warp, const Instruction& instruction) { warp.wait(instruction); }

}  // namespace alfi::test::ptx
