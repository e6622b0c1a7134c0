// Instructions that the lanes of a warp execute together: shuffles, and matrices on tensor cores. Fragments are as the
// PTX ISA shows them: lane 4 g + q holds numbers of row g.
#include <bit>
#include <cstddef>
#include <cstring>

#include "tests/ptx/handlers.hpp"
#include "tests/ptx/numbers.hpp"
#include "tests/ptx/warp.hpp"

namespace alfi::test::ptx {
namespace {

using std::uint16_t;
using std::uint32_t;

template <bool transposed>
void load_eights(Warp& warp, const Instruction& instruction) {
  if (!warp.gathered(instruction, all_lanes)) return;
  uint16_t row[warp_lanes][8];
  constexpr std::size_t row_bytes = sizeof row[0];
  for (int lane = 0; lane < warp_lanes; ++lane)
    std::memcpy(row[lane], warp.address(instruction, lane, row_bytes, false), row_bytes);
  for (int part = 0; part < 4; ++part)
    for (int lane = 0; lane < warp_lanes; ++lane) {
      const int g = lane / 4, q = lane % 4, first = 8 * part;
      const uint32_t low = transposed ? row[first + 2 * q][g] : row[first + g][2 * q];
      const uint32_t high = transposed ? row[first + 2 * q + 1][g] : row[first + g][2 * q + 1];
      warp.at<uint32_t>(instruction.to[part])[lane] = low | high << 16;
    }
}

/// d = c + a bᵀ of 16 × K and 8 × K, each sum in order, an fma at a time.
template <std::size_t K>
void multiply(const Warp& warp, const Instruction& instruction, const float (&a)[16][K], const float (&b)[8][K]) {
  for (int lane = 0; lane < warp_lanes; ++lane)
    for (int part = 0; part < 4; ++part) {
      const int row = lane / 4 + part / 2 * 8, column = lane % 4 * 2 + part % 2;
      float sum = warp.at<float>(instruction.from[6 + part])[lane];
      for (std::size_t k = 0; k < K; ++k) sum = __builtin_fmaf(a[row][k], b[column][k], sum);
      warp.at<float>(instruction.to[part])[lane] = sum;
    }
}

/// Takes an operand of a product, which only ever is a rounded number.
float tf32_operand(const Warp& warp, const Instruction& instruction, Place place, int lane) {
  const uint32_t bits = warp.at<uint32_t>(place)[lane];
  if ((bits & 0x1FFF) != 0) warp.trouble(instruction, "an operand that is not tf32", lane);
  return std::bit_cast<float>(bits);
}

}  // namespace

void shuffle_butterfly(Warp& warp, const Instruction& instruction) {
  const auto *const number = warp.at<uint32_t>(instruction.from[0]),
                    *const distance = warp.at<uint32_t>(instruction.from[1]),
                    *const clamp = warp.at<uint32_t>(instruction.from[2]),
                    *const members = warp.at<uint32_t>(instruction.from[3]);
  uint32_t needed = 0;
  for (int lane = 0; lane < warp_lanes; ++lane)
    if (warp.is_active(lane)) {
      needed |= members[lane];
      if ((members[lane] >> lane & 1) == 0) warp.trouble(instruction, "a lane is not in its own mask", lane);
    }
  if (!warp.gathered(instruction, needed)) return;
  uint32_t result[warp_lanes], valid = 0;
  for (int lane = 0; lane < warp_lanes; ++lane) {
    if (!warp.is_active(lane)) continue;
    const int segment = static_cast<int>(clamp[lane] >> 8 & 31);
    const int last = (lane & segment) | (static_cast<int>(clamp[lane] & 31) & ~segment);
    int from = lane ^ static_cast<int>(distance[lane] & 31);
    if (from <= last)
      valid |= 1U << lane;
    else
      from = lane;
    if ((members[lane] >> from & 1) == 0) warp.trouble(instruction, "a shuffle from a lane beyond the mask", lane);
    if (members[from] != members[lane]) warp.trouble(instruction, "lanes with different masks", lane);
    result[lane] = number[from];
  }
  for (int lane = 0; lane < warp_lanes; ++lane)
    if (warp.is_active(lane)) warp.at<uint32_t>(instruction.to[0])[lane] = result[lane];
  if (instruction.to[1] != no_place) warp.set_predicate(instruction.to[1], valid);
}

void load_matrices(Warp& warp, const Instruction& instruction) { load_eights<false>(warp, instruction); }
void load_transposed_matrices(Warp& warp, const Instruction& instruction) { load_eights<true>(warp, instruction); }

void multiply_bf16(Warp& warp, const Instruction& instruction) {
  if (!warp.gathered(instruction, all_lanes)) return;
  float a[16][16], b[8][16];
  for (int lane = 0; lane < warp_lanes; ++lane) {
    const int g = lane / 4, q = lane % 4;
    for (int half = 0; half < 2; ++half) {
      for (int part = 0; part < 4; ++part)
        a[g + part % 2 * 8][2 * q + half + part / 2 * 8] =
            number_bf16(warp.at<uint32_t>(instruction.from[part])[lane], half);
      for (int part = 0; part < 2; ++part)
        b[g][2 * q + half + part * 8] = number_bf16(warp.at<uint32_t>(instruction.from[4 + part])[lane], half);
    }
  }
  multiply(warp, instruction, a, b);
}

void multiply_tf32(Warp& warp, const Instruction& instruction) {
  if (!warp.gathered(instruction, all_lanes)) return;
  float a[16][8], b[8][8];
  for (int lane = 0; lane < warp_lanes; ++lane) {
    const int g = lane / 4, q = lane % 4;
    for (int part = 0; part < 4; ++part)
      a[g + part % 2 * 8][q + part / 2 * 4] = tf32_operand(warp, instruction, instruction.from[part], lane);
    for (int part = 0; part < 2; ++part)
      b[g][q + part * 4] = tf32_operand(warp, instruction, instruction.from[4 + part], lane);
  }
  multiply(warp, instruction, a, b);
}

}  // namespace alfi::test::ptx
