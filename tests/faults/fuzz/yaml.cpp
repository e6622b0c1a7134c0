// Configurations, which are written again as they were read.
#include <cstdlib>

#include "alfi/configuration.hpp"
#include "tests/faults/fuzz/target.hpp"

using namespace alfi;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(faults::text_of(data, size));
  if (faults::starts_programs(text)) return 0;
  faults::may_refuse([&] {
    const Configuration configuration = parse_configuration(text);
    if (!(parse_configuration(to_yaml(configuration)) == configuration)) std::abort();
  });
  return 0;
}
