// FiberTeam: the threads of one team as fibers of one OS thread, in a seeded random order.
// It punishes what a GPU would.
//
//   - Between barriers a fiber may be preempted before any item, so that another thread runs first.
//   - `sync` is a barrier: all threads must come to the same one, else DivergentBarrier.
//   - `sums` exchanges lanes among the 16 fibers of a group as shuffles do, and orders no memory.
//   - FiberWarp computes what a device's warp does (PTX ISA: ldmatrix, mma), from what each of 32 fibers hands in.
//   - Built with clang's -fsanitize=thread, each fiber is a thread to ThreadSanitizer, and only launches and barriers
//     order them: a race between two fibers is reported though they never ran at the same time.
//
// fiber_team.cpp itself must be built without -fsanitize=thread: its own state is shared by all fibers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "kernels/team/host_team.hpp"

namespace alfi::test {

/// The threads of a team did not all reach the same barrier, or the lanes of a group the same exchange.
class DivergentBarrier : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A line of a kernel.
struct CallSite {
  const char* file = "";
  int line = 0;
};

class FiberBlock;

/// 32 fibers as a warp of WarpTensor. Numbers go from fiber to fiber; memory each reads itself, and nothing is ordered.
class FiberWarp {
 public:
  FiberWarp(FiberBlock& block, int thread) : block_(&block), thread_(thread) {}

  int thread() const { return thread_ % 32; }

  std::uint32_t pair(float first, float second) const {
    return stored<Precision::bf16>(first).half | std::uint32_t{stored<Precision::bf16>(second).half} << 16;
  }
  Split split(float x) const { return alfi::split(x); }

  float rough_tanh(float x) const { return round_tf32(alfi::tanh(x)); }

  float read(const float* place) const { return *place; }
  void read(const float* place, float& first, float& second) const {
    if (reinterpret_cast<std::uintptr_t>(place) % 8 != 0) misaligned();
    first = place[0];
    second = place[1];
  }

  void read(const float* place, float (&number)[4]) const {
    if (reinterpret_cast<std::uintptr_t>(place) % 16 != 0) misaligned();
    std::copy(place, place + 4, number);
  }
  void keep(float* place, const float (&number)[4]) const {
    if (reinterpret_cast<std::uintptr_t>(place) % 16 != 0) misaligned();
    std::copy(number, number + 4, place);
  }

  void load(const Stored<Precision::bf16>* row, std::uint32_t (&part)[4]) const { load(row, false, part); }
  void load_transposed(const Stored<Precision::bf16>* row, std::uint32_t (&part)[4]) const { load(row, true, part); }

  void multiply_bf16(const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1, float (&sum)[4]) const;
  void multiply_tf32(const float (&a)[4], const float (&b)[2], float (&sum)[4]) const;

 private:
  void load(const Stored<Precision::bf16>* row, bool transposed, std::uint32_t (&part)[4]) const {
    std::uint16_t number[8];
    if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0) misaligned();
    for (int i = 0; i < 8; ++i) number[i] = row[i].half;
    exchange_rows(number, transposed, part);
  }
  [[noreturn]] static void misaligned();
  void exchange_rows(const std::uint16_t (&row)[8], bool transposed, std::uint32_t (&part)[4]) const;

  FiberBlock* block_;
  int thread_;
};

class FiberTeam {
 public:
  using F = float;
  using Real = float;
  static constexpr int width = 1;
  static constexpr int row_vectors = 4;
  static constexpr int patch_columns = 5;
  static constexpr bool whole_patches = true;
  static constexpr int loads_ahead = 16;

  FiberTeam(FiberBlock& block, int thread, int threads) : block_(&block), thread_(thread), threads_(threads) {}

  // Waits for all threads. The default arguments are those of the call: they name the kernel's line.
  void sync(const char* file = __builtin_FILE(), int line = __builtin_LINE()) const { wait_for_all({file, line}); }

  template <class Body>
  void once(Body body) const {
    pause();
    if (thread_ == 0) body();
  }

  template <class Body>
  void each_lane(Body body) const {
    if (thread_ >= tile_lanes) return;
    pause();
    body(thread_);
  }

  template <class Body>
  ALFI_HD void each(int items, Body body) const {
    for (int i = thread_; i < items * tile_lanes; i += threads_) {
      pause();
      body(i / tile_lanes, i % tile_lanes);
    }
  }

  template <class Body>
  ALFI_HD void each_row(int items, int rows, Body body) const {
    const int runs = rows / row_vectors;
    for (int i = thread_; i < items * runs; i += threads_) {
      pause();
      body(i / runs, i % runs * row_vectors, Constant<row_vectors>{});
    }
  }

  template <class Body>
  ALFI_HD void each_number(int count, Body body) const {
    for (int i = thread_; i < count; i += threads_) {
      pause();
      body(i);
    }
  }

  template <class Begin, class Step>
  ALFI_HD void each_unequal(int count, Begin begin, Step step) const {
    for (int job = thread_; job < count; job += threads_)
      for (begin(job); !step(job);) pause();
  }

  template <Precision precision, class Body>
  ALFI_HD void each_warp(int items, Body body) const {
    for (int item = thread_ / 32; item < items; item += threads_ / 32) {
      pause();
      body(item, WarpTensor<precision, FiberWarp>(FiberWarp(*block_, thread_)));
    }
  }

  template <int count, class Part, class Total>
  ALFI_HD void sums(int down, int across, Part part, Total total, const char* file = __builtin_FILE(),
                    int line = __builtin_LINE()) const {
    for (int i = thread_; i < down * across * tile_lanes; i += threads_) {
      const int item = i / tile_lanes;
      Array<float, count> sum = {};
      pause();
      part(item / across, item % across, i % tile_lanes, sum);
      add_lanes(sum, count, {file, line});
      constexpr int share = (count + tile_lanes - 1) / tile_lanes;
      const int first = i % tile_lanes * share, there = std::clamp(count - first, 0, share);
      Array<float, share> mine{};
      for (int k = 0; k < there; ++k) mine[k] = sum[first + k];
      total(item / across, item % across, mine, first, there);
    }
  }

 private:
  /// Lets another fiber run, now and then.
  void pause() const;
  void wait_for_all(CallSite site) const;
  /// Replaces the sums (count) of each of a group's 16 lanes by those of all, added by lane_tree.
  void add_lanes(float* sums, int count, CallSite site) const;

  FiberBlock* block_;
  int thread_, threads_;
};

struct FiberLaunch {
  int threads;  ///< threads of a block; a multiple of 16
  std::uint64_t seed;
  int blocks = 1;
  CallSite left_out{};  ///< a barrier no thread waits at, by the end of its file's name: a mutant
};

void launch_fibers(const FiberLaunch& launch, void (*body)(void* context, const FiberTeam& team, int block),
                   void* context);

/// Runs body(team, block) on every thread of every block. Blocks run one after the other, but nothing orders them.
/// ThreadSanitizer tells no more than 254 fibers apart: in a launch of more it sees what happens within a block, but
/// takes blocks for ordered.
template <class Body>
void launch_fibers(const FiberLaunch& launch, Body body) {
  launch_fibers(
      launch, [](void* context, const FiberTeam& team, int block) { (*static_cast<Body*>(context))(team, block); },
      &body);
}

}  // namespace alfi::test
