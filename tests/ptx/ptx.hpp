// PTX on a CPU: the text nvcc makes of kernels is parsed to tables of instructions and executed, a warp of 32 lanes at
// a time. Parts of a warp that diverged go on lowest instruction first; warps and blocks run in a seeded random order.
//
// Always checked: alignment of every access; bounds of shared memory, of parameters and, where ranges are given, of
// global memory; that all lanes come to an .aligned instruction and those of its mask to a shuffle; that all warps come
// to the same barrier. On demand: races between barriers and between blocks, and reads of fresh memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace alfi::test::ptx {

/// PTX that cannot be read, or a thread that did what no thread may.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Kernel;

/// The kernels of one PTX file.
class Module {
 public:
  explicit Module(std::string_view text);
  ~Module();
  /// Lists the names of the entries, mangled.
  std::vector<std::string> names() const;
  const Kernel& kernel(const std::string& name) const;

 private:
  std::map<std::string, std::unique_ptr<Kernel>> kernels_;
};

/// Addresses from begin to before end.
struct Range {
  std::uintptr_t begin, end;
};

/// Rounds tanh to 11 bits, ties away from zero; the instruction itself is only documented to be within 2^-11.
float approximate_tanh(float x);

struct Launch {
  int blocks, threads;
  int shared_bytes;
  const void* parameters;
  std::size_t parameter_bytes;
  std::vector<Range> memory;  ///< device memory, ascending; empty: all but the null page
  std::uint64_t seed = 1;     ///< random order of blocks and warps
  bool races = false;         ///< look for races
  bool fresh = false;       ///< look for reads of 32 bits or more that are all ones, with which fresh memory is filled
  int without_barrier = 0;  ///< line of a bar.sync that is passed over
  float (*tanh)(float) = approximate_tanh;  ///< result of tanh.approx.f32
};

struct Counts {
  std::uint64_t instructions = 0;  ///< executed by warps
  std::uint64_t lanes = 0;         ///< executed by threads
};

/// Runs all blocks of a launch; throws Error.
Counts run(const Kernel& kernel, const Launch& launch);

std::size_t parameter_bytes(const Kernel& kernel);

/// An instruction in the file.
struct Line {
  int number;
  std::string text;
};

struct Coverage {
  int instructions = 0;
  std::vector<Line> missed;  ///< instructions that no run has executed
};
Coverage coverage(const Kernel& kernel);

/// Counts what warps have executed so far, by instruction with its types, such as fma.rn.f32.
std::map<std::string, std::uint64_t> executed(const Kernel& kernel);

/// Lists the bar.sync of a kernel.
std::vector<Line> barriers(const Kernel& kernel);

}  // namespace alfi::test::ptx
