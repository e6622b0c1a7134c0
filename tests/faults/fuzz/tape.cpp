// Recorded runs, which are replayed.
#include "src/backends/host/host_processor.hpp"
#include "src/formats/safetensors.hpp"
#include "src/machine/replay.hpp"
#include "tests/faults/fuzz/target.hpp"

using namespace alfi;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static HostProcessor processor(1);
  faults::may_refuse([&] { (void)replay(parse_safetensors(faults::bytes_of(data, size), "tape"), processor); });
  return 0;
}
