// Answers of a program, in both protocols, which come in pieces of any length.
#include <array>

#include "src/simulators/protocol.hpp"
#include "tests/faults/fuzz/target.hpp"

using namespace alfi;

namespace {

/// Reads what came back, first as far as `cut` and then all of it.
void read(Conversation::Answer answer, std::string_view got, std::size_t cut) try {
  if (cut < got.size() && answer(got.substr(0, cut))) return;
  (void)answer(got);
} catch (const Misbehaviour&) {
} catch (const Refusal&) {
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view got = faults::text_of(data + 1, size - 1);
  std::array<float, 4> theta{1, 2, 3, 4};
  std::array<float, 6> x{};
  const SimulatorBatch batch{.theta = theta, .parameters = 2, .observations = 3, .seed = 1, .x = x};
  read(frames::greeted(), got, data[0]);
  read(frames::answer(7, batch), got, data[0]);
  read(csv::answer(batch), got, data[0]);
  return 0;
}
