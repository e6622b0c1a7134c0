#include "tests/support/fiber_team.hpp"

#include <sys/mman.h>
#include <ucontext.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

// ThreadSanitizer's interface where the program is built with it, else null. No template of the standard library that a
// fiber runs may be shared with instrumented code: the linker keeps one copy, and that could be the instrumented one.
extern "C" {
__attribute__((weak)) void* __tsan_get_current_fiber();
__attribute__((weak)) void* __tsan_create_fiber(unsigned flags);
__attribute__((weak)) void __tsan_destroy_fiber(void* fiber);
__attribute__((weak)) void __tsan_switch_to_fiber(void* fiber, unsigned flags);
__attribute__((weak)) void __tsan_acquire(void* address);
__attribute__((weak)) void __tsan_release(void* address);
}

namespace alfi::test {
namespace {

void acquire(std::uint64_t& variable) {
  if (__tsan_acquire != nullptr) __tsan_acquire(&variable);
}
void release(std::uint64_t& variable) {
  if (__tsan_release != nullptr) __tsan_release(&variable);
}

bool same(CallSite a, CallSite b) { return a.line == b.line && std::string_view(a.file) == b.file; }

std::string describe(int thread, CallSite site) {
  return "thread " + std::to_string(thread) + " at " + site.file + ":" + std::to_string(site.line);
}

/// Zeroed pages for the stacks of a block. Mapped anew for each: ThreadSanitizer forgets what it saw there.
class Stacks {
 public:
  static constexpr std::size_t size = std::size_t{512} << 10;

  explicit Stacks(int count) : bytes_(static_cast<std::size_t>(count) * size) {
    void* const memory =
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "stacks of the fibers");
    memory_ = static_cast<char*>(memory);
    // The lowest page of each is a wall.
    for (int i = 0; i < count; ++i) mprotect(at(i), 4096, PROT_NONE);
  }
  ~Stacks() { munmap(memory_, bytes_); }
  Stacks(const Stacks&) = delete;
  Stacks& operator=(const Stacks&) = delete;

  char* at(int i) const { return memory_ + static_cast<std::size_t>(i) * size; }

 private:
  std::size_t bytes_;
  char* memory_;
};

struct Fiber {
  ucontext_t context;
  void* sanitizer;
};

struct Turn {
  int thread;
};

}  // namespace

struct LaunchState {
  void (*body)(void* context, const FiberTeam& team, int block);
  void* context;
  std::uint64_t started = 0, ended = 0;  // variables that ThreadSanitizer orders the launch by
};

/// The threads of one block and who of them runs.
class FiberBlock {
 public:
  FiberBlock(LaunchState& launch, int block, int threads, std::uint64_t seed, CallSite left_out)
      : launch_(launch), block_(block), threads_(threads), random_(seed), left_out_(left_out) {}

  ~FiberBlock();
  FiberBlock(const FiberBlock&) = delete;
  FiberBlock& operator=(const FiberBlock&) = delete;

  void run();

  void pause() {
    if (random(4) != 0) return;
    make_ready(current_);
    run_another();
  }

  void wait_for_all(CallSite site) {
    if (site.line == left_out_.line && std::string_view(site.file).ends_with(left_out_.file)) return;
    if (ended_ > 0) return fail("a thread has ended, while " + describe(current_, site) + " waits for all");
    if (waiting_ > 0 && !same(site, barrier_.site))
      return fail(describe(barrier_.thread, barrier_.site) + " and " + describe(current_, site) +
                  " wait at different barriers");
    if (waiting_ == 0) barrier_ = {current_, site};
    // Two variables take turns. With one, a thread that has gone on and comes to the next barrier would release there
    // what it did since, before the last one has acquired this barrier, and no race would be seen.
    std::uint64_t& variable = barrier_variable_[barrier_number_ % 2];
    release(variable);
    if (++waiting_ == threads_) {
      waiting_ = 0;
      ++barrier_number_;
      for (int i = 0; i < threads_; ++i) make_ready(i);
    }
    run_another();
    acquire(variable);
  }

  void add_lanes(float* sums, int count, CallSite site) {
    meet<tile_lanes>(groups_, sums, site, [count](void* const* of) {
      for (int i = 0; i < count; ++i) {
        float lane[tile_lanes];
        for (int l = 0; l < tile_lanes; ++l) lane[l] = static_cast<float*>(of[l])[i];
        for (int half = tile_lanes / 2; half > 0; half /= 2)
          for (int l = 0; l < half; ++l) lane[l] += lane[l + half];
        for (int l = 0; l < tile_lanes; ++l) static_cast<float*>(of[l])[i] = lane[0];
      }
    });
  }

  /// All 32 threads of a warp come to the same instruction; the last one computes it for all.
  template <class Instruction>
  void run_by_warp(Instruction& mine) {
    meet<32>(warps_, &mine, {Instruction::name, 0}, [](void* const* of) {
      Instruction* all[32];
      for (int i = 0; i < 32; ++i) all[i] = static_cast<Instruction*>(of[i]);
      Instruction::run(all);
    });
  }

 private:
  struct Waiting {
    int thread;
    CallSite site;
  };
  /// Threads that exchange something with each other.
  struct Group {
    int waiting = 0;
    Waiting first{};
    void* of[32];
  };

  /// The current thread meets the other `size` − 1 of its group; finish(what they brought) is run once.
  template <int size, class Finish>
  void meet(std::vector<Group>& groups, void* mine, CallSite site, Finish finish) {
    Group& group = groups[static_cast<std::size_t>(current_ / size)];
    if (group.waiting == 0) group.first = {current_, site};
    if (!same(site, group.first.site))
      return fail(describe(group.first.thread, group.first.site) + " and " + describe(current_, site) +
                  " exchange numbers with each other");
    group.of[current_ % size] = mine;
    if (++group.waiting == size) {
      group.waiting = 0;
      finish(group.of);
      for (int i = 0; i < size; ++i) make_ready(current_ / size * size + i);
    }
    run_another();
  }

  void prepare(int thread, char* stack);
  /// Orders the launcher after all fibers. Needed after a failure: fibers left where they are have not released
  /// launch_.ended.
  void order_after_all();

  static void enter(unsigned low, unsigned high) {
    // makecontext passes ints.
    auto* const block = reinterpret_cast<FiberBlock*>(std::uintptr_t{low} | std::uintptr_t{high} << 32);
    block->thread_main();
  }

  void thread_main() {
    const FiberTeam team(*this, current_, threads_);
    acquire(launch_.started);
    launch_.body(launch_.context, team, block_);
    release(launch_.ended);
    ++ended_;
    if (waiting_ > 0) fail(describe(barrier_.thread, barrier_.site) + " waits for all, while a thread has ended");
    run_another();
  }

  /// Goes on with any fiber that can; the current one comes back here when it is its turn.
  void run_another() {
    if (ready_.empty()) {
      if (ended_ < threads_) explain_deadlock();
      switch_to(threads_);
      return;
    }
    Turn& drawn = ready_[random(ready_.size())];
    const int next = drawn.thread;
    drawn = ready_.back();
    ready_.pop_back();
    switch_to(next);
  }

  void switch_to(int next) {
    if (next == current_) return;
    Fiber& from = fibers_[static_cast<std::size_t>(current_)];
    Fiber& to = fibers_[static_cast<std::size_t>(next)];
    current_ = next;
    constexpr unsigned no_sync = 1;  // a switch orders nothing
    if (__tsan_switch_to_fiber != nullptr) __tsan_switch_to_fiber(to.sanitizer, no_sync);
    swapcontext(&from.context, &to.context);
  }

  void explain_deadlock() {
    for (const std::vector<Group>* groups : {&groups_, &warps_})
      for (const Group& group : *groups)
        if (group.waiting > 0)
          return fail(describe(group.first.thread, group.first.site) +
                      " waits for others of its group, who do not come");
    fail("threads wait for each other");
  }

  /// Ends the block; its fibers are left where they are.
  void fail(const std::string& what) {
    failure_ = std::make_unique<std::string>(what);
    switch_to(threads_);
  }

  void make_ready(int thread) { ready_.push_back({thread}); }

  /// Draws 0 … bound − 1, by SplitMix64 (Steele, Lea, Flood 2014).
  std::size_t random(std::size_t bound) {
    std::uint64_t z = random_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % bound;
  }

  LaunchState& launch_;
  int block_, threads_;
  std::uint64_t random_;
  CallSite left_out_;
  std::vector<Fiber> fibers_;  // and, last, who launched them
  std::vector<Turn> ready_;    // in no order; room for all is reserved
  int current_ = 0, ended_ = 0;
  std::vector<Group> groups_, warps_;  // groups of 16 lanes, warps of 32 threads
  int waiting_ = 0;                    // at barrier_
  Waiting barrier_{};
  std::uint64_t barrier_variable_[2] = {}, barrier_number_ = 0;
  std::unique_ptr<std::string> failure_;
};

void FiberBlock::prepare(int thread, char* stack) {
  Fiber& fiber = fibers_[static_cast<std::size_t>(thread)];
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = stack;
  fiber.context.uc_stack.ss_size = Stacks::size;
  fiber.context.uc_link = nullptr;
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  makecontext(&fiber.context, reinterpret_cast<void (*)()>(&FiberBlock::enter), 2, static_cast<unsigned>(self),
              static_cast<unsigned>(self >> 32));
  if (__tsan_create_fiber != nullptr) fiber.sanitizer = __tsan_create_fiber(0);
  make_ready(thread);
}

void FiberBlock::run() {
  const Stacks stacks(threads_);
  fibers_.resize(static_cast<std::size_t>(threads_) + 1);
  groups_.resize(static_cast<std::size_t>(threads_ / tile_lanes));
  warps_.resize(static_cast<std::size_t>(threads_ / 32));
  ready_.reserve(static_cast<std::size_t>(threads_));
  for (int i = 0; i < threads_; ++i) prepare(i, stacks.at(i));
  if (__tsan_get_current_fiber != nullptr) fibers_.back().sanitizer = __tsan_get_current_fiber();
  current_ = threads_;
  run_another();
  if (failure_) order_after_all();
  if (failure_) throw DivergentBarrier("divergent barrier in block " + std::to_string(block_) + ": " + *failure_);
}

FiberBlock::~FiberBlock() {
  if (__tsan_destroy_fiber == nullptr) return;
  for (std::size_t i = 0; i + 1 < fibers_.size(); ++i) __tsan_destroy_fiber(fibers_[i].sanitizer);
}

void FiberBlock::order_after_all() {
  acquire(launch_.ended);
  if (__tsan_switch_to_fiber == nullptr) return;
  constexpr unsigned sync = 0;
  for (int i = 0; i < threads_; ++i) {
    __tsan_switch_to_fiber(fibers_[static_cast<std::size_t>(i)].sanitizer, sync);
    __tsan_switch_to_fiber(fibers_.back().sanitizer, sync);
  }
}

void FiberTeam::pause() const { block_->pause(); }
void FiberTeam::wait_for_all(CallSite site) const { block_->wait_for_all(site); }
void FiberTeam::add_lanes(float* sums, int count, CallSite site) const { block_->add_lanes(sums, count, site); }

namespace {

/// Returns the first or second number of a pair.
float of_pair(std::uint32_t pair, int e) {
  return number<Precision::bf16>({static_cast<std::uint16_t>(e == 0 ? pair : pair >> 16)});
}

struct LoadMatrices {
  static constexpr const char* name = "ldmatrix";
  const std::uint16_t* row;
  bool transposed;
  std::uint32_t* part;

  static void run(LoadMatrices* const (&all)[32]) {
    for (int thread = 0; thread < 32; ++thread)
      for (int p = 0; p < 4; ++p) {
        const int g = thread / 4, q = thread % 4;
        const auto at = [&](int row, int column) -> std::uint32_t { return all[8 * p + row]->row[column]; };
        all[thread]->part[p] =
            all[thread]->transposed ? at(2 * q, g) | at(2 * q + 1, g) << 16 : at(g, 2 * q) | at(g, 2 * q + 1) << 16;
      }
  }
};

// Both add up k by k to the sum, rounding each time: a device's order and roundings are not documented.

struct MultiplyBf16 {
  static constexpr const char* name = "mma.m16n8k16";
  const std::uint32_t* a;
  std::uint32_t b[2];
  float* sum;

  static void run(MultiplyBf16* const (&all)[32]) {
    for (int row = 0; row < 16; ++row)
      for (int column = 0; column < 8; ++column) {
        float& total = all[4 * (row % 8) + column / 2]->sum[row / 8 * 2 + column % 2];
        for (int k = 0; k < 16; ++k) {
          const int q = k % 8 / 2, e = k % 2;
          const float a = of_pair(all[4 * (row % 8) + q]->a[k / 8 * 2 + row / 8], e);
          const float b = of_pair(all[4 * column + q]->b[k / 8], e);
          total = fma(a, b, total);
        }
      }
  }
};

struct MultiplyTf32 {
  static constexpr const char* name = "mma.m16n8k8";
  const float* a;
  const float* b;
  float* sum;

  static void run(MultiplyTf32* const (&all)[32]) {
    for (int row = 0; row < 16; ++row)
      for (int column = 0; column < 8; ++column) {
        float& total = all[4 * (row % 8) + column / 2]->sum[row / 8 * 2 + column % 2];
        for (int k = 0; k < 8; ++k) {
          const float a = all[4 * (row % 8) + k % 4]->a[k / 4 * 2 + row / 8], b = all[4 * column + k % 4]->b[k / 4];
          total = fma(round_tf32(a), round_tf32(b), total);
        }
      }
  }
};

}  // namespace

void FiberWarp::misaligned() { throw std::logic_error("a warp reads what is not aligned to its size"); }

void FiberWarp::exchange_rows(const std::uint16_t (&row)[8], bool transposed, std::uint32_t (&part)[4]) const {
  LoadMatrices mine{row, transposed, part};
  block_->run_by_warp(mine);
}
void FiberWarp::multiply_bf16(const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1, float (&sum)[4]) const {
  MultiplyBf16 mine{a, {b0, b1}, sum};
  block_->run_by_warp(mine);
}
void FiberWarp::multiply_tf32(const float (&a)[4], const float (&b)[2], float (&sum)[4]) const {
  MultiplyTf32 mine{a, b, sum};
  block_->run_by_warp(mine);
}

void launch_fibers(const FiberLaunch& launch, void (*body)(void*, const FiberTeam&, int), void* context) {
  if (launch.threads < tile_lanes || launch.threads % tile_lanes != 0)
    throw std::invalid_argument("threads: " + std::to_string(launch.threads) + " is no multiple of 16");
  LaunchState state{body, context};
  // Start and end belong to the launch, not to a block: what two blocks do to one place is a race.
  release(state.started);
  // All are kept to the end: no two have their variables at one address, and of fibers that are destroyed
  // ThreadSanitizer soon forgets what they did.
  std::vector<std::unique_ptr<FiberBlock>> blocks;
  for (int i = 0; i < launch.blocks; ++i) {
    const std::uint64_t seed = launch.seed * 0x100000001B3u + static_cast<std::uint64_t>(i);
    blocks.push_back(std::make_unique<FiberBlock>(state, i, launch.threads, seed, launch.left_out));
    blocks.back()->run();
  }
  acquire(state.ended);
}

}  // namespace alfi::test
