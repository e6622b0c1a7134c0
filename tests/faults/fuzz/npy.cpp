// Arrays, packed or not.
#include "src/formats/npy.hpp"

#include <vector>

#include "src/formats/unpacked.hpp"
#include "tests/faults/fuzz/target.hpp"

using namespace alfi;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  faults::may_refuse([&] {
    const auto bytes = faults::bytes_of(data, size);
    const std::vector<std::byte> content = unpacked({bytes.begin(), bytes.end()});
    const std::string_view text(reinterpret_cast<const char*>(content.data()), content.size());
    if (!is_npy(text)) return;
    parse_npy(
        text, [](const std::vector<int>&) {},
        [](const std::vector<int>&, std::size_t index) { return std::to_string(index); });
  });
  return 0;
}
