// Words that alfi and a program exchange, in either protocol: questions as bytes, and answers read from bytes.
//
// frames: a line of JSON, then float32 numbers, little-endian. csv: a line a parameter, then a line an observation.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "alfi/simulators.hpp"
#include "src/simulators/conversation.hpp"

namespace alfi {

/// Statement of a program that it cannot simulate what it was asked for.
class Refusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace frames {

/// Returns the question that a conversation begins with.
std::string greeting(std::span<const std::string> parameters, int X);
/// Returns its answer's reader, which throws Misbehaviour unless it is a greeting of this protocol.
Conversation::Answer greeted();

std::string question(std::int64_t id, const SimulatorBatch& batch);
/// Returns the reader of question `id`'s answer, which fills the batch's x. It throws Misbehaviour, or Refusal.
Conversation::Answer answer(std::int64_t id, const SimulatorBatch& batch);

}  // namespace frames

namespace csv {

/// Returns a line for each parameter: θ, the number of observations and a seed of its own.
std::string question(const SimulatorBatch& batch);
/// Returns the reader of the answer, which fills the batch's x and throws Misbehaviour.
Conversation::Answer answer(const SimulatorBatch& batch);

}  // namespace csv
}  // namespace alfi
