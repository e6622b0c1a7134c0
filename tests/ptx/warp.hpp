// A warp: 32 lanes, the parts it fell into where they diverged, and the block it belongs to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/ptx/kernel.hpp"
#include "tests/ptx/races.hpp"

namespace alfi::test::ptx {

/// The block at work: what its warps share.
struct Block {
  /// Addresses of this many bytes stand for shared memory.
  static constexpr std::size_t window_bytes = std::size_t{1} << 24;

  Block(const Kernel& k, const Launch& l, std::byte* w)
      : kernel(k), launch(l), window(w), last_access(k.instructions.size(), Range{0, 0}) {}

  const Kernel& kernel;
  const Launch& launch;
  std::byte* window;
  int number = 0;
  std::uint32_t epoch = 1;         ///< counts barriers
  std::vector<Range> last_access;  ///< by instruction: the device memory its last access was in
  Races shared_races, global_races;
  Counts counts;

  std::uintptr_t window_begin() const { return reinterpret_cast<std::uintptr_t>(window); }
};

class Warp {
 public:
  Warp(Block& block, std::byte* file, int number) : block_(&block), file_(file), number_(number) {}

  /// Executes until all lanes have come to a barrier or to the end.
  void go();
  bool has_ended() const { return live_ == 0; }
  /// Returns the barrier where it waits.
  const Instruction& barrier() const { return *barrier_; }

  // Helpers of instructions:
  template <class T>
  T* at(Place place) const {
    return reinterpret_cast<T*>(file_ + place);
  }
  std::uint32_t mask() const { return mask_; }
  bool is_active(int lane) const { return (mask_ >> lane & 1) != 0; }
  const Block& block() const { return *block_; }

  void set_predicate(Place place, std::uint32_t bits) const {
    std::uint32_t& predicate = *at<std::uint32_t>(place);
    predicate = (predicate & ~mask_) | (bits & mask_);
  }

  /// Checks a lane's access of `bytes`, a power of two, and returns its address on the host.
  std::byte* address(const Instruction& instruction, int lane, std::size_t bytes, bool writes);

  /// Lets these lanes branch.
  void jump(std::uint32_t lanes, std::int32_t target);
  /// Ends the active lanes.
  void leave(const Instruction& instruction);
  /// Returns whether all needed lanes are here; else the active ones wait for the others.
  bool gathered(const Instruction& instruction, std::uint32_t needed);
  /// Waits for the block's other warps, once all lanes are here.
  void wait(const Instruction& instruction);

  [[noreturn]] void trouble(const Instruction& instruction, const std::string& what, int lane = -1) const;

 private:
  /// Lanes that are elsewhere than the active ones.
  struct Part {
    std::int32_t next;
    std::uint32_t mask;
    bool waits;
  };

  /// Says whether these bytes are in a lane's own memory.
  bool is_local(int lane, std::uint64_t address, std::size_t bytes) const {
    const Kernel& kernel = block_->kernel;
    if (kernel.local_address == no_place) return false;
    const std::uint64_t begin = at<std::uint64_t>(kernel.local_address)[lane];
    return address >= begin && address + bytes <= begin + kernel.local_bytes;
  }
  void choose(const Instruction& instruction);
  void meet();
  std::byte* shared_address(const Instruction& instruction, int lane, std::uint64_t address, std::size_t bytes,
                            bool writes);
  void find_memory(const Instruction& instruction, int lane, std::uint64_t address, std::size_t bytes);
  void note(Races& races, const Instruction& instruction, int lane, std::uintptr_t address, std::size_t bytes,
            bool writes) const;

  Block* block_;
  std::byte* file_;
  int number_;
  std::int32_t next_ = 0;
  std::uint32_t mask_ = all_lanes, live_ = all_lanes;
  std::vector<Part> parts_;
  const Instruction* barrier_ = nullptr;
};

inline std::byte* Warp::address(const Instruction& i, int lane, std::size_t bytes, bool writes) {
  std::uint64_t address = static_cast<std::uint64_t>(i.offset);
  if (i.base != no_place) address += i.wide_address ? at<std::uint64_t>(i.base)[lane] : at<std::uint32_t>(i.base)[lane];
  if ((address & (bytes - 1)) != 0) trouble(i, "misaligned address " + std::to_string(address), lane);
  if (i.space == Space::parameter) {
    if (writes || address + bytes > block_->launch.parameter_bytes) trouble(i, "beyond the parameters", lane);
    return const_cast<std::byte*>(static_cast<const std::byte*>(block_->launch.parameters)) + address;
  }
  if ((i.space == Space::generic || i.space == Space::local) && is_local(lane, address, bytes))
    return reinterpret_cast<std::byte*>(address);
  if (i.space == Space::local) trouble(i, "beyond the thread's own memory", lane);
  if (i.space == Space::shared) return shared_address(i, lane, static_cast<std::uint32_t>(address), bytes, writes);
  if (i.space == Space::generic && address - block_->window_begin() < Block::window_bytes)
    return shared_address(i, lane, address - block_->window_begin(), bytes, writes);
  const Range& last = block_->last_access[i.number];
  if (address < last.begin || address + bytes > last.end) find_memory(i, lane, address, bytes);
  if (block_->launch.races) note(block_->global_races, i, lane, address, bytes, writes);
  return reinterpret_cast<std::byte*>(address);
}

inline std::byte* Warp::shared_address(const Instruction& i, int lane, std::uint64_t address, std::size_t bytes,
                                       bool writes) {
  const auto size = static_cast<std::uint64_t>(block_->launch.shared_bytes);
  if (address < shared_begin || address + bytes > shared_begin + size)
    trouble(i,
            "shared address " + std::to_string(address) + " is beyond the block's " + std::to_string(size) + " bytes",
            lane);
  if (block_->launch.races) note(block_->shared_races, i, lane, address, bytes, writes);
  return block_->window + address;
}

}  // namespace alfi::test::ptx
