// Tables of numbers, read in a way that the first two bytes choose.
#include "src/formats/csv.hpp"

#include "tests/faults/fuzz/target.hpp"

using namespace alfi;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  CsvParts parts;
  NumberRule rule;
  if ((data[0] & 1) != 0) parts.label = "1";
  if ((data[0] & 2) != 0) parts.columns = {"2", "a"};
  if ((data[0] & 4) != 0) parts.delimiter = static_cast<char>(data[1]);
  if ((data[0] & 8) != 0) parts.skip = data[1] % 8;
  if ((data[0] & 16) != 0) rule = {.missing = Missing::read_as_nan, .codes = {-999}};
  faults::may_refuse([&] { parse_csv(faults::text_of(data + 2, size - 2), parts, rule); });
  return 0;
}
