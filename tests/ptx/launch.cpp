// Runs a launch: blocks in a random order, the warps of each in a random order from barrier to barrier.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "tests/ptx/warp.hpp"

namespace alfi::test::ptx {
namespace {

/// Memory that is all ones, no number, until something is written.
constexpr int fresh_byte = 0xFF;

/// Addresses that stand for shared memory.
class Window {
 public:
  Window()
      : begin_(mmap(nullptr, Block::window_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0)) {
    if (begin_ == MAP_FAILED) fail("no memory for a shared window");
  }
  ~Window() { munmap(begin_, Block::window_bytes); }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  std::byte* begin() const { return static_cast<std::byte*>(begin_); }

 private:
  void* begin_;
};

/// Returns memory for the files of a launch, of all ones. Each thread keeps what its launches took: pages that the
/// system has to clear anew would cost most launches half their time.
std::byte* file_memory(std::size_t bytes) {
  struct alignas(64) CacheLine {
    std::byte bytes[64];
  };
  static thread_local std::vector<CacheLine> memory;
  const std::size_t lines = (bytes + sizeof(CacheLine) - 1) / sizeof(CacheLine);
  if (memory.size() < lines) memory.resize(lines);
  std::memset(memory.data(), fresh_byte, bytes);
  return memory.front().bytes;
}

/// The registers of a block's warps.
class Files {
 public:
  Files(const Kernel& kernel, int warps)
      : kernel_(kernel),
        warps_(warps),
        bytes_((kernel.file_bytes + std::size_t{64}) / 64 * 64),
        memory_(file_memory(bytes_ * static_cast<std::size_t>(warps))),
        local_(kernel.local_bytes * static_cast<std::size_t>(warps * warp_lanes)) {
    for (int warp = 0; warp < warps; ++warp) {
      for (const Constant& constant : kernel.constants) set(of(warp), constant);
      for (int lane = 0; lane < warp_lanes; ++lane) {
        set(of(warp), kernel.thread_id, lane, warp * warp_lanes + lane);
        set(of(warp), kernel.lane_id, lane, lane);
        if (kernel.local_address != no_place) {
          const auto thread = static_cast<std::size_t>(warp * warp_lanes + lane);
          reinterpret_cast<std::uintptr_t*>(of(warp) + kernel.local_address)[lane] =
              reinterpret_cast<std::uintptr_t>(local_.data() + thread * kernel.local_bytes);
        }
      }
    }
  }
  std::byte* of(int warp) const { return memory_ + bytes_ * static_cast<std::size_t>(warp); }
  /// Begins a block, whose threads' own memory is fresh.
  void set_block(int number) {
    std::ranges::fill(local_, std::byte{fresh_byte});
    for (int warp = 0; warp < warps_; ++warp)
      for (int lane = 0; lane < warp_lanes; ++lane) set(of(warp), kernel_.block_id, lane, number);
  }

 private:
  static void set(std::byte* file, const Constant& constant) {
    const std::size_t bytes = constant.bytes == 0 ? 4 : static_cast<std::size_t>(constant.bytes);
    for (std::size_t lane = 0; lane < (constant.bytes == 0 ? 1 : warp_lanes); ++lane)
      std::memcpy(file + constant.at + lane * bytes, &constant.value, bytes);
  }
  static void set(std::byte* file, Place place, int lane, int value) {
    if (place != no_place) reinterpret_cast<std::int32_t*>(file + place)[lane] = value;
  }

  const Kernel& kernel_;
  int warps_;
  std::size_t bytes_;  ///< bytes of a file
  std::byte* memory_;
  std::vector<std::byte> local_;  ///< memory of each thread's own
};

/// Runs each warp to its next barrier or its end; returns whether any waits at a barrier, all of them at the same one.
bool run_round(std::vector<Warp>& warps, const std::vector<int>& turns) {
  const Warp* waiting = nullptr;
  const Warp* ended = nullptr;
  for (const int turn : turns) {
    Warp& warp = warps[static_cast<std::size_t>(turn)];
    if (!warp.has_ended()) warp.go();
    if (warp.has_ended()) {
      ended = &warp;
    } else {
      if (waiting != nullptr && &warp.barrier() != &waiting->barrier())
        warp.trouble(warp.barrier(),
                     "another warp waits at the barrier of line " + std::to_string(waiting->barrier().line));
      waiting = &warp;
    }
  }
  if (waiting != nullptr && ended != nullptr) waiting->trouble(waiting->barrier(), "a warp waits, others have ended");
  return waiting != nullptr;
}

void run_block(Block& block, const Files& files, std::mt19937_64& random) {
  std::memset(block.window + shared_begin, fresh_byte, static_cast<std::size_t>(block.launch.shared_bytes));
  block.shared_races.forget();
  ++block.epoch;
  std::vector<Warp> warps;
  for (int warp = 0; warp < block.launch.threads / warp_lanes; ++warp) warps.emplace_back(block, files.of(warp), warp);
  std::vector<int> turns(warps.size());
  std::iota(turns.begin(), turns.end(), 0);
  do {
    std::shuffle(turns.begin(), turns.end(), random);
    ++block.epoch;
  } while (run_round(warps, turns));
}

}  // namespace

Counts run(const Kernel& kernel, const Launch& launch) {
  if (launch.threads % warp_lanes != 0 || (kernel.max_threads != 0 && launch.threads > kernel.max_threads))
    fail(kernel.name + ": a launch of " + std::to_string(launch.threads) + " threads");
  if (launch.parameter_bytes != kernel.parameter_bytes)
    fail(kernel.name + ": " + std::to_string(launch.parameter_bytes) + " bytes of parameters, not " +
         std::to_string(kernel.parameter_bytes));
  const Window window;
  Files files(kernel, launch.threads / warp_lanes);
  Block block(kernel, launch, window.begin());
  std::mt19937_64 random(launch.seed);
  std::vector<int> order(static_cast<std::size_t>(launch.blocks));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  for (const int number : order) {
    block.number = number;
    files.set_block(number);
    run_block(block, files, random);
  }
  return block.counts;
}

}  // namespace alfi::test::ptx
