#include "tests/ptx/races.hpp"

namespace alfi::test::ptx {
namespace {

bool clash(const Access& earlier, const Access& now) {
  if (earlier.block == Access::nobody) return false;
  return earlier.block != now.block || (earlier.epoch == now.epoch && earlier.thread != now.thread);
}

}  // namespace

Races::Word& Races::word(std::uintptr_t number) {
  if (last_ == nullptr || last_number_ != number / page_words) {
    last_number_ = number / page_words;
    last_ = &pages_.try_emplace(last_number_, page_words).first->second;
  }
  return (*last_)[number % page_words];
}

std::optional<Race> Races::note(std::uintptr_t address, std::size_t bytes, bool writes, const Access& access) {
  for (std::uintptr_t number = address / 2; number <= (address + bytes - 1) / 2; ++number) {
    auto& [write, read] = word(number);
    if (clash(write, access)) return Race{true, write};
    if (writes) {
      if (clash(read, access)) return Race{false, read};
      write = access;
    } else if (read.block != Access::nobody && read.block != access.block) {
      read.block = Access::several;  // a write by any block would race
    } else if (read.block == access.block && read.epoch == access.epoch && read.thread != access.thread) {
      read.thread = Access::several;  // a write by any thread would race
    } else {
      read = access;
    }
  }
  return std::nullopt;
}

}  // namespace alfi::test::ptx
