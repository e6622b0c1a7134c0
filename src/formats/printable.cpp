#include "src/formats/printable.hpp"

#include <fmt/format.h>

#include <iterator>

namespace alfi {

std::string printable(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string shown = "'";
  for (const char c : text.substr(0, longest)) {
    if (c >= ' ' && c <= '~') {
      shown += c;
    } else {
      fmt::format_to(std::back_inserter(shown), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return shown + (text.size() > longest ? "...'" : "'");
}

}  // namespace alfi
