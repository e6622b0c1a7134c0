// Tensors from a file, which are written again as they were read.
#include "src/formats/safetensors.hpp"

#include <cstdlib>

#include "tests/faults/fuzz/target.hpp"

using namespace alfi;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  faults::may_refuse([&] {
    SafeTensors content = parse_safetensors(faults::bytes_of(data, size), "file");
    SafeTensors again = parse_safetensors(serialize(content), "file");
    if (again.tensors != content.tensors || again.metadata != content.metadata) std::abort();
  });
  const auto bytes = faults::bytes_of(data, size);
  faults::may_refuse([&] { parse_checksummed({bytes.begin(), bytes.end()}, "file"); });
  return 0;
}
