#include "tests/ptx/warp.hpp"

#include <algorithm>
#include <bit>
#include <iterator>

namespace alfi::test::ptx {

void Warp::trouble(const Instruction& instruction, const std::string& what, int lane) const {
  const Kernel& kernel = block_->kernel;
  std::string where = kernel.name + ", line " + std::to_string(instruction.line) + " (" +
                      kernel.text[instruction.number] + "), block " + std::to_string(block_->number) + ", warp " +
                      std::to_string(number_);
  if (lane >= 0) where += ", lane " + std::to_string(lane);
  fail(where + ": " + what);
}

/// Makes the part that is furthest behind, of those that may go on, the active one.
void Warp::choose(const Instruction& instruction) {
  auto best = parts_.end();
  for (auto part = parts_.begin(); part != parts_.end(); ++part)
    if (!part->waits && (best == parts_.end() || part->next < best->next)) best = part;
  if (best == parts_.end()) {
    std::string all;
    for (const Part& part : parts_)
      all += " [lanes " + std::to_string(part.mask) + " at line " +
             std::to_string(block_->kernel.instructions[static_cast<std::size_t>(part.next)].line) + "]";
    trouble(instruction, "lanes wait for each other:" + all);
  }
  next_ = best->next;
  mask_ = best->mask;
  parts_.erase(best);
}

/// Joins the parts that are at the same instruction, and goes on with one that is further behind.
void Warp::meet() {
  bool behind = true;
  while (behind) {
    for (std::size_t i = 0; i < parts_.size();) {
      if (parts_[i].next == next_) {
        mask_ |= parts_[i].mask;
        parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
    behind = std::any_of(parts_.begin(), parts_.end(), [&](const Part& p) { return !p.waits && p.next < next_; });
    if (behind) {
      parts_.push_back({next_, mask_, false});
      choose(block_->kernel.instructions[static_cast<std::size_t>(next_)]);
    }
  }
}

void Warp::jump(std::uint32_t lanes, std::int32_t target) {
  if (lanes == 0) return;
  if (const std::uint32_t rest = mask_ & ~lanes; rest != 0) parts_.push_back({next_, rest, false});
  mask_ = lanes;
  next_ = target;
}

void Warp::leave(const Instruction& instruction) {
  live_ &= ~mask_;
  if (live_ != 0) choose(instruction);
}

bool Warp::gathered(const Instruction& instruction, std::uint32_t needed) {
  if ((needed & ~live_) != 0) trouble(instruction, "lanes that have ended are waited for");
  if ((mask_ & needed) == needed) return true;
  parts_.push_back({next_ - 1, mask_, true});
  choose(instruction);
  return false;
}

void Warp::wait(const Instruction& instruction) {
  if (instruction.line == block_->launch.without_barrier) return;
  if (!gathered(instruction, live_)) return;
  if (live_ != all_lanes) trouble(instruction, "a barrier, but some lanes have ended");
  barrier_ = &instruction;
}

void Warp::go() {
  const Instruction* const instructions = block_->kernel.instructions.data();
  std::uint64_t* const executed = block_->kernel.executed.data();
  barrier_ = nullptr;
  std::uint64_t count = 0, lanes = 0;
  while (live_ != 0 && barrier_ == nullptr) {
    if (!parts_.empty()) meet();
    ++executed[next_];
    const Instruction& instruction = instructions[next_++];
    ++count;
    lanes += static_cast<unsigned>(std::popcount(mask_));
    instruction.run(*this, instruction);
  }
  block_->counts.instructions += count;
  block_->counts.lanes += lanes;
}

void Warp::find_memory(const Instruction& instruction, int lane, std::uint64_t address, std::size_t bytes) {
  const std::vector<Range>& memory = block_->launch.memory;
  if (memory.empty()) {
    constexpr std::uint64_t null_page = 4096;
    if (address < null_page) trouble(instruction, "a null pointer", lane);
    return;
  }
  const auto next = std::upper_bound(memory.begin(), memory.end(), address,
                                     [](std::uint64_t a, const Range& range) { return a < range.begin; });
  if (next == memory.begin() || address + bytes > std::prev(next)->end)
    trouble(instruction, "address " + std::to_string(address) + " is not in device memory", lane);
  block_->last_access[instruction.number] = *std::prev(next);
}

void Warp::note(Races& races, const Instruction& instruction, int lane, std::uintptr_t address, std::size_t bytes,
                bool writes) const {
  const auto race = races.note(address, bytes, writes, {block_->epoch, block_->number, number_ * warp_lanes + lane});
  if (!race) return;
  const auto who = [](const std::string& what, std::int32_t number) {
    return number == Access::several ? "several " + what + "s" : what + " " + std::to_string(number);
  };
  const std::string what = race->write ? "a race with a write by " : "a race with a read by ";
  trouble(instruction, what + who("thread", race->access.thread) + " of " + who("block", race->access.block), lane);
}

}  // namespace alfi::test::ptx
