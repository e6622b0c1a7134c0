// Random numbers, keyed by what they mean: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as
// easy as 1, 2, 3"), the generator Random123 and cuRAND have too.
//
// A number is named by (seed; purpose, step; episode, row, n, draw), never by thread, block or tile, so that any
// division of the work draws the same ones. Seed, purpose and step make the key (one Philox call a step); episode, row,
// n and draw are the four words of the counter. With cuRAND's names: seed = key, subsequence = (row, episode), offset =
// (draw, n).
#pragma once

#include "kernels/lanes/lanes.hpp"

#ifdef __CUDACC__
#include <curand_kernel.h>
#endif

namespace alfi {

struct PhiloxKey {
  std::uint32_t low;
  std::uint32_t high;
};

/// Purpose of a stream of numbers. Each phase of a run (training, validation, …) has streams of its own.
enum class Purpose : std::uint32_t { truth, real_count, real_set, start, propose, observe, problem, weights, pilot };
enum class Phase : std::uint32_t { training, validation, evaluation, inference, simulation, baseline };

inline namespace ALFI_ISA {

template <class U>
struct PhiloxBlock {
  U word[4];
};

/// Runs ten rounds of Philox4x32 on the counter (c0, c1, c2, c3). On a device they are cuRAND's.
template <class U>
ALFI_HD PhiloxBlock<U> philox(U c0, U c1, U c2, U c3, PhiloxKey key) {
#ifdef __CUDA_ARCH__
  const uint4 words = curand_Philox4x32_10(make_uint4(c0, c1, c2, c3), make_uint2(key.low, key.high));
  return {{words.x, words.y, words.z, words.w}};
#else
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    U high0, low0, high1, low1;
    multiply_wide(c0, 0xD2511F53u, high0, low0);
    multiply_wide(c2, 0xCD9E8D57u, high1, low1);
    c0 = high1 ^ c1 ^ key.low;
    c1 = low1;
    c2 = high0 ^ c3 ^ key.high;
    c3 = low0;
    key.low += 0x9E3779B9u;
    key.high += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
#endif
}

/// Returns the key of one purpose in one step of a run.
ALFI_HD PhiloxKey stream_key(std::uint64_t seed, Phase phase, Purpose purpose, std::uint64_t step) {
  const PhiloxKey run{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  const auto block =
      philox<std::uint32_t>(static_cast<std::uint32_t>(purpose), static_cast<std::uint32_t>(phase),
                            static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32), run);
  return {block.word[0], block.word[1]};
}

/// The numbers of one row (one drawn parameter, or the real set) of each lane's episode.
template <class F>
struct Stream {
  PhiloxKey key;
  Uint<F> episode;
  std::uint32_t row;

  ALFI_HD PhiloxBlock<Uint<F>> block(std::uint32_t n, Uint<F> draw = Uint<F>{}) const {
    return block_of_each(Uint<F>{} + n, draw);
  }
  /// Returns a stream of other numbers: another key of the family this one's belongs to.
  ALFI_HD Stream other(std::uint32_t number) const {
    return {{key.low, key.high + number * 0x9E3779B9u}, episode, row};
  }
  /// Returns block n of each lane, which has its own n.
  ALFI_HD PhiloxBlock<Uint<F>> block_of_each(Uint<F> n, Uint<F> draw) const {
    return philox<Uint<F>>(draw, n, Uint<F>{} + row, episode, key);
  }
};

/// Returns one lane's stream.
template <class F>
ALFI_HD Stream<float> lane_of(const Stream<F>& stream, int lane) {
  if constexpr (LaneTraits<F>::width == 1) {
    return stream;
  } else {
    std::uint32_t episode[LaneTraits<F>::width];
    memcpy(episode, &stream.episode, sizeof episode);
    return {stream.key, episode[lane], stream.row};
  }
}

/// Reads a lane vector of counter words at p, p + 1, …
template <class F>
ALFI_HD Uint<F> load_words(const std::uint32_t* p) {
  if constexpr (LaneTraits<F>::width == 1) {
    return *p;
  } else {
    Uint<F> words;
    memcpy(&words, p, sizeof words);
    return words;
  }
}

/// Maps a word to the open interval (0, 1): 23 bits and a half, never 0 or 1.
template <class F>
ALFI_HD F uniform(Uint<F> word) {
  return fma(to_real(to_int(word >> 9)), splat<F>(0x1p-23f), splat<F>(0x1p-24f));
}

/// Maps a word to (0, 1] with 32 bits of resolution towards 0: for what is stretched out by a logarithm.
template <class F>
ALFI_HD F uniform_fine(Uint<F> word) {
  return fma(to_real(to_int(word >> 1)), splat<F>(0x1p-31f), splat<F>(0x1p-32f));
}

}  // namespace ALFI_ISA
}  // namespace alfi
