// Our Philox streams are cuRAND's: its host generator, which needs no device, gives the same words.
//
// cuRAND deals word i (4 words a block) to subsequence (i / 4) mod 65536 at offset i / 2¹⁸; with our counter's names,
// subsequence = (row, episode) and offset = (draw, n).
#include <curand.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "kernels/lanes/random.hpp"

namespace alfi {
namespace {

class HostGenerator {
 public:
  explicit HostGenerator(std::uint64_t seed) {
    check(curandCreateGeneratorHost(&generator_, CURAND_RNG_PSEUDO_PHILOX4_32_10));
    check(curandSetPseudoRandomGeneratorSeed(generator_, seed));
    check(curandSetGeneratorOrdering(generator_, CURAND_ORDERING_PSEUDO_LEGACY));
  }
  ~HostGenerator() { curandDestroyGenerator(generator_); }
  HostGenerator(const HostGenerator&) = delete;
  HostGenerator& operator=(const HostGenerator&) = delete;

  std::vector<unsigned> words(std::uint64_t offset, std::size_t count) {
    std::vector<unsigned> result(count);
    check(curandSetGeneratorOffset(generator_, offset));
    check(curandGenerate(generator_, result.data(), count));
    return result;
  }

 private:
  static void check(curandStatus_t status) { ASSERT_EQ(status, CURAND_STATUS_SUCCESS); }
  curandGenerator_t generator_ = nullptr;
};

TEST(Curand, HostGeneratorGivesTheSameWords) {
  constexpr std::uint64_t seed = 0x123456789abcdef0u;
  const PhiloxKey key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  HostGenerator generator(seed);
  // The last two reach n = 0x1234 and the carry of draw into n.
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{1} << 34, std::uint64_t{0x12345678abcd} << 18,
                                    (std::uint64_t{0xffffffff} << 18) + (std::uint64_t{1} << 17)}) {
    const auto words = generator.words(first, std::size_t{1} << 19);
    for (std::size_t i = 0; i < words.size(); i += 4) {
      const std::uint64_t at = first + i, offset = at >> 18;
      const auto block =
          philox<std::uint32_t>(static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(offset >> 32),
                                static_cast<std::uint32_t>(at / 4 % 65536), 0u, key);
      for (std::size_t w = 0; w < 4; ++w) ASSERT_EQ(words[i + w], block.word[w]) << "word " << at + w;
    }
  }
}

}  // namespace
}  // namespace alfi
