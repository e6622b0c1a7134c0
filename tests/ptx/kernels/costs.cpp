// Costs of a meta-step on a device, in instructions that warps execute of each kernel's PTX. A tile of the published
// networks is counted at a time. No test: docs/design/cuda.md has its figures.
//
//   ptx_costs            poisson and weinberg, in fp32 and bf16
//
// A row is one observation of one episode.
#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string>

#include "tests/ptx/kernels/runs.hpp"

namespace alfi::test {
namespace {

/// Kinds of instructions that different units of a multiprocessor execute.
enum Kind { multiply_add, other_float, tensor, special, shared_memory, global_memory, rest, kinds };
constexpr const char* kind_names[kinds] = {"fma", "other fp32", "mma", "special", "shared", "global", "rest"};

Kind kind_of(const std::string& instruction) {
  const auto is = [&](const char* part) { return instruction.find(part) != std::string::npos; };
  if (is("mma.")) return tensor;
  if (is("fma.")) return multiply_add;
  if (is("tanh.") || is("sqrt.") || is("rcp.") || is("div.rn.f32") || is("ex2.") || is("lg2.")) return special;
  if (is("ldmatrix") || is(".shared")) return shared_memory;
  if (is(".global") || instruction.starts_with("ld.f32") || instruction.starts_with("st.f32")) return global_memory;
  if (is(".f32")) return other_float;
  return rest;
}

using Counts = std::map<std::string, std::map<std::string, std::uint64_t>>;

Counts executed_so_far() {
  Counts counts;
  for (const auto& [name, kernel] : ptx_kernels().kernels()) counts[name] = ptx::executed(*kernel);
  return counts;
}

void print_costs(const std::string& name, Precision precision) {
  Configuration c = load_configuration(std::string(ALFI_EXAMPLES "/paper/") + name + ".yaml");
  c.training.problems = 0;
  c.training.meta_batch = 16;
  c.engine.encoder = Encoder::dense;
  const double rows =
      16.0 * (c.episode.iterations * c.episode.thetas * c.episode.observations + c.episode.real_observations.max);
  fmt::print("{}, {}: instructions of a warp in 16 rows\n{:<24}", name, precision == Precision::bf16 ? "bf16" : "fp32",
             "");
  for (const char* const kind : kind_names) fmt::print("{:>12}", kind);
  fmt::print("{:>12}\n", "all");
  const Counts before = executed_so_far();
  // One multiprocessor: as with many tiles, none is shared.
  const DeviceRun run{c, precision, 1, 232448, 1};
  SimulatedDevice device = device_of(run, SimulatedTeam::ptx);
  train_on(device, run);
  for (const auto& [kernel, counts] : executed_so_far()) {
    double by_kind[kinds] = {}, all = 0;
    for (const auto& [instruction, count] : counts) {
      const double here = static_cast<double>(count - before.at(kernel).at(instruction)) / rows * 16;
      by_kind[kind_of(instruction)] += here;
      all += here;
    }
    if (all == 0) continue;
    fmt::print("{:<24}", kernel);
    for (const double count : by_kind) fmt::print("{:12.1f}", count);
    fmt::print("{:12.1f}\n", all);
  }
}

}  // namespace
}  // namespace alfi::test

int main() {
  if (const std::string trouble = alfi::test::PtxKernels::trouble(); !trouble.empty()) {
    fmt::print(stderr, "ptx_costs: {}\n", trouble);
    return 1;
  }
  for (const char* const name : {"poisson", "weinberg"})
    for (const alfi::Precision precision : {alfi::Precision::fp32, alfi::Precision::bf16})
      alfi::test::print_costs(name, precision);
}
