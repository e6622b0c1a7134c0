// Races: accesses to the same two bytes, one of them a write, that nothing orders. Only barriers order the threads of a
// block, and nothing orders those of different blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace alfi::test::ptx {

/// Last access to a word.
struct Access {
  static constexpr std::int32_t nobody = -1, several = -2;
  std::uint32_t epoch = 0;  ///< counts the barriers of a launch
  std::int32_t block = nobody, thread = nobody;
};

/// An access that an earlier one raced with.
struct Race {
  bool write;     ///< was the earlier one a write
  Access access;  ///< the earlier one
};

class Races {
 public:
  /// Notes that a thread accesses these bytes; returns the race if that is one.
  std::optional<Race> note(std::uintptr_t address, std::size_t bytes, bool writes, const Access& access);
  void forget() { pages_.clear(), last_ = nullptr; }

 private:
  struct Word {
    Access write, read;
  };
  static constexpr std::size_t page_words = 2048;
  using Page = std::vector<Word>;

  Word& word(std::uintptr_t number);

  std::unordered_map<std::uintptr_t, Page> pages_;
  std::uintptr_t last_number_ = 0;
  Page* last_ = nullptr;
};

}  // namespace alfi::test::ptx
