// Checkpoints, whose checksum is let be: no random change would keep it.
#include "src/model/checkpoint.hpp"

#include "src/formats/safetensors.hpp"
#include "tests/faults/fuzz/target.hpp"

using namespace alfi;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  faults::may_refuse([&] {
    const SafeTensors content = parse_safetensors(faults::bytes_of(data, size), "file");
    const auto yaml = content.metadata.find("configuration");
    if (yaml != content.metadata.end() && faults::starts_programs(yaml->second)) return;
    (void)checkpoint_from(content);
  });
  return 0;
}
